CREATE TEMP TABLE length_by_id AS
SELECT recording_id, arg_max(length_s, (times, -length_s)) AS length_s
FROM (
  SELECT recording_id, length_s, count(*) AS times
  FROM (SELECT recording_id, length_s FROM {recordings}
        UNION ALL SELECT recording_id, length_s FROM {lengths})
  WHERE length_s IS NOT NULL
    AND recording_id IN (SELECT recording_id FROM {recordings} WHERE length_s IS NULL)
  GROUP BY ALL
)
GROUP BY recording_id;

CREATE TEMP TABLE length_by_name AS
SELECT title, artists, arg_max(length_s, (times, -length_s)) AS length_s
FROM (
  SELECT lower(title) AS title, lower(CAST(artists AS VARCHAR)) AS artists, length_s, count(*) AS times
  FROM {recordings}
  WHERE length_s IS NOT NULL
    AND lower(title) IN (SELECT lower(title) FROM {recordings} WHERE length_s IS NULL)
  GROUP BY ALL
)
GROUP BY title, artists;

CREATE TEMP VIEW measured_recordings AS
SELECT r.* REPLACE (coalesce(r.length_s, i.length_s, n.length_s) AS length_s)
FROM {recordings} r
LEFT JOIN length_by_id i ON i.recording_id = r.recording_id
LEFT JOIN length_by_name n
  ON n.title = lower(r.title) AND n.artists = lower(CAST(r.artists AS VARCHAR));
