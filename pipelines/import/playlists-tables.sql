-- What was in a playlist and when. A stay that begins twice on one day is one, and lasts as long as
-- the longer of them.
CREATE TEMP TABLE stays AS
SELECT playlist_id, track_id, added,
       CASE WHEN count(removed) = count(*) THEN max(removed) END AS removed
FROM usable_history
GROUP BY playlist_id, track_id, added;

-- What is there on the last day and not in the history counts as added that day.
CREATE TEMP TABLE listed_memberships AS
SELECT playlist_id, track_id AS recording_id, added, removed FROM stays
UNION ALL
SELECT playlist_id, track_id, DATE '2021-05-09', NULL
FROM (
  SELECT DISTINCT playlist_id, track_id FROM usable_current
  EXCEPT
  SELECT playlist_id, track_id FROM stays WHERE removed IS NULL
);

CREATE TEMP TABLE listed_recordings AS
SELECT t.track_id AS recording_id, title, artists, album, album_id, length_s,
       CAST(NULL AS DATE) AS released, CAST(NULL AS FLOAT) AS popularity,
       CAST([] AS VARCHAR[]) AS genres,
       NULL AS danceability, NULL AS energy, NULL AS speechiness, NULL AS acousticness,
       NULL AS instrumentalness, NULL AS liveness, NULL AS valence, NULL AS loudness, NULL AS tempo,
       NULL AS musical_key, NULL AS mode,
       coalesce(m.known_from, DATE '2021-05-09') AS known_from
FROM usable_tracks t
LEFT JOIN (SELECT recording_id, min(added) AS known_from FROM listed_memberships GROUP BY recording_id) m
  ON m.recording_id = t.track_id;

CREATE TEMP VIEW listed_lengths AS
SELECT track_id AS recording_id, length_s FROM usable_current WHERE length_s IS NOT NULL;
