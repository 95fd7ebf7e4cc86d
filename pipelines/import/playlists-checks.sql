-- Rows of the four files, usable or with the reason why not.
CREATE TEMP VIEW checked_lists AS
SELECT row, trimmed(playlist_id) AS playlist_id, cleaned(lists.name) AS name,
       cleaned(lists.description) AS description,
       coalesce(fault, CASE WHEN trimmed(lists.playlist_id) IS NULL THEN 'missing playlist id'
                            WHEN cleaned(lists.name) IS NULL THEN 'missing name' END) AS reason,
       list_concat(cleanings(lists.name), cleanings(lists.description)) AS repairs
FROM lists;

CREATE TEMP VIEW checked_tracks AS
SELECT row, trimmed(t.track_id) AS track_id, cleaned(t.title) AS title, artist_names(t.artists) AS artists,
       nullif(cleaned(t.album), '<MISSING>') AS album, trimmed(t.album_id) AS album_id,
       nullif(CAST(round(number_in(t.length_s)) AS INTEGER), 0) AS length_s,
       coalesce(fault, CASE WHEN trimmed(t.track_id) IS NULL THEN 'missing track id'
                            WHEN coalesce(cleaned(t.title), '<MISSING>') = '<MISSING>' THEN 'missing title'
                            WHEN coalesce(len(artist_names(t.artists)), 0) = 0 THEN 'missing artist'
                            WHEN NOT is_length(t.length_s) THEN 'bad length' END) AS reason,
       list_concat(cleanings(t.title), cleanings(t.artists), cleanings(t.album)) AS repairs
FROM tracks t;

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
LEFT JOIN (SELECT DISTINCT trimmed(playlist_id) AS playlist_id FROM lists) p
  ON p.playlist_id = trimmed(c.playlist_id)
LEFT JOIN (SELECT DISTINCT trimmed(track_id) AS track_id FROM tracks) t
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
LEFT JOIN (SELECT DISTINCT trimmed(playlist_id) AS playlist_id FROM lists) p
  ON p.playlist_id = trimmed(h.playlist_id)
LEFT JOIN (SELECT DISTINCT trimmed(track_id) AS track_id FROM tracks) t
  ON t.track_id = trimmed(h.track_id);
