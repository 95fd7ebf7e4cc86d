-- Love and hate as ListenBrainz exports them: of a recording, mostly without its name.
SELECT row, fault, 'feedback' AS kind, instant_of(json ->> 'created') AS instant,
       json ->> '$.track_metadata.artist_name' AS artist, json ->> '$.track_metadata.track_name' AS title,
       CAST(NULL AS VARCHAR) AS album, CAST(NULL AS DOUBLE) AS played_ms, CAST(NULL AS VARCHAR) AS client,
       CAST(NULL AS VARCHAR) AS info,
       CASE json ->> 'score' WHEN '1' THEN 'love' WHEN '-1' THEN 'hate' WHEN '0' THEN 'none' END AS said,
       json ->> 'recording_msid' AS msid, json ->> 'recording_mbid' AS mbid,
       CASE WHEN said IS NULL THEN 'unknown score' END AS unsuitable
FROM given
