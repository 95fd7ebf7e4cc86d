-- A scrobble as Maloja exports it. `duration` is how many seconds were heard.
SELECT row, fault, 'listen' AS kind, instant_of(json ->> 'time') AS instant,
       CASE json_type(json, '$.track.artists')
         WHEN 'ARRAY' THEN nullif(array_to_string(CAST(json -> '$.track.artists' AS VARCHAR[]), ', '), '')
         WHEN 'VARCHAR' THEN json ->> '$.track.artists' END AS artist,
       json ->> '$.track.title' AS title,
       CASE json_type(json, '$.track.album')
         WHEN 'OBJECT' THEN coalesce(json ->> '$.track.album.albumtitle', json ->> '$.track.album.name')
         WHEN 'VARCHAR' THEN json ->> '$.track.album' END AS album,
       1000 * number_in(json ->> 'duration') AS played_ms, CAST(NULL AS VARCHAR) AS client,
       stated(json_object('origin', json ->> 'origin', 'length_s', json -> '$.track.length')) AS info,
       CAST(NULL AS VARCHAR) AS said, CAST(NULL AS VARCHAR) AS msid, CAST(NULL AS VARCHAR) AS mbid,
       CAST(NULL AS VARCHAR) AS unsuitable
FROM given
