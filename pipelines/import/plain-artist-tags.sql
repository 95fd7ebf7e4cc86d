SELECT row, cleaned(t.artist) AS artist, lower(cleaned(t.tag)) AS tag,
       CASE WHEN day_in(t.tagged) BETWEEN DATE '1990-01-01' AND DATE '2100-01-01'
            THEN day_in(t.tagged) END AS tagged,
       trimmed(t.listener) AS listener,
       coalesce(fault, CASE WHEN cleaned(t.artist) IS NULL THEN 'missing artist'
                            WHEN cleaned(t.tag) IS NULL THEN 'missing tag' END) AS reason,
       list_concat(cleanings(t.artist), cleanings(t.tag), kinds([
         CASE WHEN tagged IS NULL AND NOT is_none(t.tagged) THEN 'impossible date' END
       ])) AS repairs
FROM artist_tags t
