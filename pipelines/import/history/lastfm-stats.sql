-- lastfmstats.com: milliseconds since 1970 in the column that is named after the user.
SELECT row, fault, 'listen' AS kind, instant_of("{date}") AS instant, "Artist" AS artist, "Track" AS title,
       "Album" AS album, CAST(NULL AS DOUBLE) AS played_ms, CAST(NULL AS VARCHAR) AS client,
       CAST(NULL AS VARCHAR) AS info, CAST(NULL AS VARCHAR) AS said, CAST(NULL AS VARCHAR) AS msid,
       CAST(NULL AS VARCHAR) AS mbid, CAST(NULL AS VARCHAR) AS unsuitable
FROM given
