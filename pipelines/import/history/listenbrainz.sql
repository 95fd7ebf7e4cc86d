-- A listen as ListenBrainz exports it, today's archive and the older array alike.
SELECT row, fault, 'listen' AS kind, instant_of(coalesce(json ->> 'listened_at', json ->> 'timestamp')) AS instant,
       track ->> 'artist_name' AS artist, track ->> 'track_name' AS title,
       track ->> 'release_name' AS album,
       coalesce(number_in(more ->> 'ms_played'), 1000 * number_in(more ->> 'duration_played')) AS played_ms,
       coalesce(more ->> 'music_service', more ->> 'music_service_name', more ->> 'media_player',
                more ->> 'submission_client') AS client,
       CAST(more AS VARCHAR) AS info, CAST(NULL AS VARCHAR) AS said,
       coalesce(json ->> 'recording_msid', track ->> 'recording_msid', more ->> 'recording_msid') AS msid,
       coalesce(more ->> 'recording_mbid', track ->> '$.mbid_mapping.recording_mbid') AS mbid,
       CAST(NULL AS VARCHAR) AS unsuitable
FROM (
  SELECT row, fault, json, json -> 'track_metadata' AS track,
         CASE WHEN json_type(json, '$.track_metadata.additional_info') = 'OBJECT'
              THEN json -> '$.track_metadata.additional_info' END AS more
  FROM given
)
