-- A file of one's own: the columns that --map names.
SELECT row, fault, 'listen' AS kind, instant_of({listened_at}) AS instant, {artist} AS artist,
       {title} AS title, {album} AS album, number_in({played_ms}) AS played_ms, {client} AS client,
       CAST(NULL AS VARCHAR) AS info, CAST(NULL AS VARCHAR) AS said, CAST(NULL AS VARCHAR) AS msid,
       CAST(NULL AS VARCHAR) AS mbid,
       CASE WHEN NOT is_none({played_ms}) AND number_in({played_ms}) IS NULL THEN 'bad play time' END AS unsuitable
FROM given
