-- Rows of the file, usable or with the reason why not. Audio features of a track whose analysis
-- failed (no tempo) are unknown.
CREATE TEMP VIEW checked_songs AS
SELECT row, trimmed(s.track_id) AS track_id, na(s.track_name) AS title, na(s.track_artist) AS artist,
       na(s.track_album_name) AS album, trimmed(s.track_album_id) AS album_id,
       nullif(CAST(round(number_in(s.duration_ms) / 1000) AS INTEGER), 0) AS length_s,
       release_day(s.track_album_release_date) AS released,
       share_in(s.track_popularity, 100) AS popularity,
       trimmed(s.playlist_id) AS playlist_id, na(s.playlist_name) AS playlist_name,
       lower(na(s.playlist_genre)) AS genre, lower(na(s.playlist_subgenre)) AS subgenre,
       coalesce(number_in(s.tempo) > 0, false) AS heard,
       CASE WHEN heard THEN share_in(s.danceability, 1) END AS danceability,
       CASE WHEN heard THEN share_in(s.energy, 1) END AS energy,
       CASE WHEN heard THEN share_in(s.speechiness, 1) END AS speechiness,
       CASE WHEN heard THEN share_in(s.acousticness, 1) END AS acousticness,
       CASE WHEN heard THEN share_in(s.instrumentalness, 1) END AS instrumentalness,
       CASE WHEN heard THEN share_in(s.liveness, 1) END AS liveness,
       CASE WHEN heard THEN share_in(s.valence, 1) END AS valence,
       CASE WHEN heard THEN number_in(s.loudness) END AS loudness,
       CASE WHEN heard THEN number_in(s.tempo) END AS tempo,
       CASE WHEN heard AND number_in(s."key") BETWEEN 0 AND 11 THEN number_in(s."key") END AS musical_key,
       CASE WHEN heard AND number_in(s.mode) IN (0, 1) THEN number_in(s.mode) END AS mode,
       coalesce(fault, CASE WHEN trimmed(s.track_id) IS NULL THEN 'missing track id'
                            WHEN na(s.track_name) IS NULL THEN 'missing title'
                            WHEN na(s.track_artist) IS NULL THEN 'missing artist'
                            WHEN trimmed(s.playlist_id) IS NULL THEN 'missing playlist id'
                            WHEN NOT is_length_ms(s.duration_ms) THEN 'bad length' END) AS reason,
       list_concat(cleanings(s.track_name), cleanings(s.track_artist), cleanings(s.track_album_name),
                   cleanings(s.playlist_name), date_repairs(s.track_album_release_date), kinds([
         CASE WHEN NOT heard THEN 'audio features of a failed analysis' END
       ])) AS repairs
FROM songs s;
