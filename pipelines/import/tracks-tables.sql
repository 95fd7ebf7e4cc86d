-- A track stands in the file once for each playlist and subgenre; its genres are those of all.
CREATE TEMP TABLE song_recordings AS
SELECT track_id AS recording_id,
       first(title ORDER BY row) AS title,
       [first(artist ORDER BY row)] AS artists,
       first(album ORDER BY row) AS album,
       first(album_id ORDER BY row) AS album_id,
       first(length_s ORDER BY row) FILTER (length_s IS NOT NULL) AS length_s,
       first(released ORDER BY row) FILTER (released IS NOT NULL) AS released,
       max(popularity) AS popularity,
       kinds(list_sort(list_distinct(list_concat(list(genre), list(subgenre))))) AS genres,
       first(danceability ORDER BY row) AS danceability,
       first(energy ORDER BY row) AS energy,
       first(speechiness ORDER BY row) AS speechiness,
       first(acousticness ORDER BY row) AS acousticness,
       first(instrumentalness ORDER BY row) AS instrumentalness,
       first(liveness ORDER BY row) AS liveness,
       first(valence ORDER BY row) AS valence,
       first(loudness ORDER BY row) AS loudness,
       first(tempo ORDER BY row) AS tempo,
       first(musical_key ORDER BY row) AS musical_key,
       first(mode ORDER BY row) AS mode,
       DATE '2020-01-21' AS known_from
FROM usable_songs
GROUP BY track_id;

CREATE TEMP TABLE song_playlists AS
SELECT playlist_id,
       coalesce(first(playlist_name ORDER BY row) FILTER (playlist_name IS NOT NULL), playlist_id) AS name,
       string_agg(DISTINCT subgenre, ', ' ORDER BY subgenre) AS description
FROM usable_songs
GROUP BY playlist_id;

CREATE TEMP TABLE song_memberships AS
SELECT DISTINCT playlist_id, track_id AS recording_id, DATE '2020-01-21' AS added,
       CAST(NULL AS DATE) AS removed
FROM usable_songs;
