-- What was in the playlists, usable or with the reason why not.
CREATE TEMP VIEW checked_current AS
SELECT row, trimmed(c.playlist_id) AS playlist_id, trimmed(c.track_id) AS track_id,
       nullif(CAST(round(number_in(c.length_s)) AS INTEGER), 0) AS length_s,
       coalesce(fault, CASE WHEN trimmed(c.playlist_id) IS NULL THEN 'missing playlist id'
                            WHEN trimmed(c.track_id) IS NULL THEN 'missing track id'
                            WHEN p.playlist_id IS NULL THEN 'unknown playlist'
                            WHEN t.track_id IS NULL THEN 'unknown track'
                            WHEN NOT is_length(c.length_s) THEN 'bad length' END) AS reason,
       CAST([] AS VARCHAR[]) AS repairs
FROM current c
LEFT JOIN (SELECT DISTINCT playlist_id FROM usable_lists) p
  ON p.playlist_id = trimmed(c.playlist_id)
LEFT JOIN (SELECT DISTINCT track_id FROM usable_tracks) t
  ON t.track_id = trimmed(c.track_id);

CREATE TEMP VIEW checked_history AS
SELECT row, trimmed(h.playlist_id) AS playlist_id, trimmed(h.track_id) AS track_id,
       day_in(h.added) AS added, day_in(h.removed) AS removed,
       coalesce(fault, CASE WHEN trimmed(h.playlist_id) IS NULL THEN 'missing playlist id'
                            WHEN trimmed(h.track_id) IS NULL THEN 'missing track id'
                            WHEN p.playlist_id IS NULL THEN 'unknown playlist'
                            WHEN t.track_id IS NULL THEN 'unknown track'
                            WHEN day_in(h.added) IS NULL THEN 'bad date'
                            WHEN day_in(h.removed) IS NULL AND NOT is_none(h.removed) THEN 'bad date'
                            WHEN day_in(h.removed) < day_in(h.added) THEN 'removed before added'
                       END) AS reason,
       CAST([] AS VARCHAR[]) AS repairs
FROM history h
LEFT JOIN (SELECT DISTINCT playlist_id FROM usable_lists) p
  ON p.playlist_id = trimmed(h.playlist_id)
LEFT JOIN (SELECT DISTINCT track_id FROM usable_tracks) t
  ON t.track_id = trimmed(h.track_id);
