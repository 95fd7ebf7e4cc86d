SELECT row, trimmed(m.playlist_id) AS playlist_id, trimmed(m.recording_id) AS recording_id,
       day_in(m.added) AS added, day_in(m.removed) AS removed, p.listener,
       coalesce(fault, CASE WHEN p.playlist_id IS NULL THEN 'unknown playlist'
                            WHEN r.recording_id IS NULL THEN 'unknown track'
                            WHEN day_in(m.added) IS NULL THEN 'bad date'
                            WHEN day_in(m.removed) IS NULL AND NOT is_none(m.removed) THEN 'bad date'
                            WHEN day_in(m.removed) < day_in(m.added) THEN 'removed before added'
                       END) AS reason,
       CAST([] AS VARCHAR[]) AS repairs
FROM memberships m
LEFT JOIN (SELECT playlist_id, min(listener) AS listener FROM usable_playlists GROUP BY playlist_id) p
  ON p.playlist_id = trimmed(m.playlist_id)
LEFT JOIN (SELECT DISTINCT recording_id FROM usable_recordings) r ON r.recording_id = trimmed(m.recording_id)
