SELECT row, trimmed(p.playlist_id) AS playlist_id, cleaned(p.name) AS name,
       cleaned(p.description) AS description, trimmed(p.listener) AS listener,
       coalesce(fault, CASE WHEN trimmed(p.playlist_id) IS NULL THEN 'missing playlist id'
                            WHEN cleaned(p.name) IS NULL THEN 'missing name' END) AS reason,
       list_concat(cleanings(p.name), cleanings(p.description)) AS repairs
FROM playlists p
