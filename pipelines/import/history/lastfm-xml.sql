-- A track of a page of last.fm's API: heard, loved, or being played just now. Of an extended page a
-- listen says as well whether its track was loved when the page was asked for.
SELECT row, fault, CASE WHEN json ->> 'list' = 'lovedtracks' THEN 'feedback' ELSE 'listen' END AS kind,
       coalesce(instant_of(json ->> 'uts'), lastfm_instant(json ->> 'date')) AS instant,
       json ->> 'artist' AS artist, json ->> 'name' AS title, json ->> 'album' AS album,
       CAST(NULL AS DOUBLE) AS played_ms, CAST(NULL AS VARCHAR) AS client,
       stated(json_object('track_mbid', json ->> 'mbid', 'loved', json ->> 'loved')) AS info,
       CASE WHEN (json ->> 'list') = 'lovedtracks' OR (json ->> 'loved') = '1' THEN 'love'
            WHEN (json ->> 'loved') = '0' THEN 'none' END AS said,
       CAST(NULL AS VARCHAR) AS msid, CAST(NULL AS VARCHAR) AS mbid,
       CASE WHEN json ->> 'nowplaying' = 'true' THEN 'playing just now' END AS unsuitable
FROM given
