SELECT row, trimmed(r.recording_id) AS recording_id, cleaned(r.title) AS title,
       artist_names(r.artists) AS artists, cleaned(r.album) AS album, trimmed(r.album_id) AS album_id,
       nullif(CAST(round(number_in(r.length_s)) AS INTEGER), 0) AS length_s,
       release_day(r.released) AS released, share_in(r.popularity, 100) AS popularity,
       coalesce(list_sort(list_distinct(list_transform(artist_names(r.genres), lambda g: lower(g)))), [])
         AS genres,
       share_in(r.danceability, 1) AS danceability, share_in(r.energy, 1) AS energy,
       share_in(r.speechiness, 1) AS speechiness, share_in(r.acousticness, 1) AS acousticness,
       share_in(r.instrumentalness, 1) AS instrumentalness, share_in(r.liveness, 1) AS liveness,
       share_in(r.valence, 1) AS valence, number_in(r.loudness) AS loudness,
       CASE WHEN number_in(r.tempo) > 0 THEN number_in(r.tempo) END AS tempo,
       CASE WHEN number_in(r.musical_key) IN (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
            THEN number_in(r.musical_key) END AS musical_key,
       CASE WHEN number_in(r.mode) IN (0, 1) THEN number_in(r.mode) END AS mode,
       day_in(r.known_from) AS known_from,
       coalesce(fault, CASE WHEN trimmed(r.recording_id) IS NULL THEN 'missing recording id'
                            WHEN cleaned(r.title) IS NULL THEN 'missing title'
                            WHEN coalesce(len(artist_names(r.artists)), 0) = 0 THEN 'missing artist'
                            WHEN NOT is_length(r.length_s) THEN 'bad length'
                            WHEN day_in(r.known_from) IS NULL AND NOT is_none(r.known_from) THEN 'bad date'
                       END) AS reason,
       list_concat(cleanings(r.title), cleanings(r.artists), cleanings(r.album), date_repairs(r.released),
         kinds([
           CASE WHEN share_in(r.popularity, 100) IS NULL AND NOT is_none(r.popularity)
                THEN 'impossible popularity' END
         ]), kinds(list_transform(
           [r.danceability, r.energy, r.speechiness, r.acousticness, r.instrumentalness, r.liveness, r.valence],
           lambda v: CASE WHEN share_in(v, 1) IS NULL AND NOT is_none(v) THEN 'impossible audio feature' END
         ))) AS repairs
FROM recordings r
