SELECT row, trimmed(p.listener) AS listener, cleaned(p.artist) AS artist,
       CAST(number_in(p.plays) AS INTEGER) AS plays, day_in(p.known_from) AS known_from,
       coalesce(fault, CASE WHEN trimmed(p.listener) IS NULL THEN 'missing listener'
                            WHEN cleaned(p.artist) IS NULL THEN 'missing artist'
                            WHEN NOT coalesce(number_in(p.plays) BETWEEN 1 AND 2147483647, false)
                            THEN 'bad number of plays'
                            WHEN day_in(p.known_from) IS NULL AND NOT is_none(p.known_from) THEN 'bad date'
                       END) AS reason,
       cleanings(p.artist) AS repairs
FROM artist_plays p
