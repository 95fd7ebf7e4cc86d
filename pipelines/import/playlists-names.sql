-- Playlists and tracks, usable or with the reason why not.
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
