-- Spotify's extended streaming history. `ts` is when the play ended; the listen is when it began.
-- Of an offline play `ts` is when the device told of it, and `offline_timestamp` when it began, in
-- seconds or milliseconds.
SELECT row, fault, artist, title, album, played_ms, 'spotify.com' AS client, unsuitable,
       CASE WHEN is_skip THEN 'feedback' ELSE 'listen' END AS kind,
       CASE WHEN is_skip THEN 'skip' END AS said,
       CASE WHEN begun_offline BETWEEN ended - INTERVAL 1 YEAR AND ended THEN begun_offline
            ELSE ended - to_milliseconds(CAST(played_ms AS BIGINT)) END AS instant,
       CAST(NULL AS VARCHAR) AS msid, CAST(NULL AS VARCHAR) AS mbid, info
FROM (
  SELECT row, fault, said.ms_played AS played_ms, said.master_metadata_album_artist_name AS artist,
         said.master_metadata_track_name AS title, said.master_metadata_album_album_name AS album,
         instant_of(said.ts) AS ended,
         CASE WHEN said.offline AND said.offline_timestamp > 0
              THEN unix_instant(CAST(said.offline_timestamp AS DOUBLE)) END AS begun_offline,
         coalesce(said.ms_played < 30000 AND (said.skipped OR said.reason_end = 'fwdbtn'), false) AS is_skip,
         CASE
           WHEN coalesce(said.spotify_episode_uri, said.episode_name) IS NOT NULL
                AND title IS NULL THEN 'podcast'
           WHEN coalesce(said.audiobook_uri, said.audiobook_title) IS NOT NULL
                AND title IS NULL THEN 'audiobook'
           WHEN title IS NULL AND artist IS NULL THEN 'no track is named'
           WHEN said.incognito_mode THEN 'private session'
           WHEN said.ms_played IS NULL OR said.ms_played < 0 THEN 'bad play time'
           WHEN said.ms_played < 30000 AND NOT is_skip
                AND said.reason_end IS DISTINCT FROM 'trackdone' THEN 'played for less than 30 seconds'
         END AS unsuitable,
         stated(json_object(
           'spotify_track_uri', said.spotify_track_uri, 'platform', said.platform,
           'country', said.conn_country, 'reason_start', said.reason_start,
           'reason_end', said.reason_end, 'shuffle', said.shuffle, 'skipped', said.skipped,
           'offline', said.offline)) AS info
  FROM (
    SELECT row, fault, from_json(json, '{
      "ts": "VARCHAR", "platform": "VARCHAR", "ms_played": "DOUBLE", "conn_country": "VARCHAR",
      "master_metadata_track_name": "VARCHAR", "master_metadata_album_artist_name": "VARCHAR",
      "master_metadata_album_album_name": "VARCHAR", "spotify_track_uri": "VARCHAR",
      "episode_name": "VARCHAR", "spotify_episode_uri": "VARCHAR", "audiobook_title": "VARCHAR",
      "audiobook_uri": "VARCHAR", "reason_start": "VARCHAR", "reason_end": "VARCHAR",
      "shuffle": "BOOLEAN", "skipped": "BOOLEAN", "offline": "BOOLEAN",
      "offline_timestamp": "BIGINT", "incognito_mode": "BOOLEAN"}') AS said
    FROM given
  )
)
