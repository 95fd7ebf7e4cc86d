-- Rows of any format, usable or with the reason why not.
SELECT row, kind, CAST(instant AS TIMESTAMP) AS happened_at, cleaned(artist) AS artist,
       cleaned(title) AS title, cleaned(album) AS album,
       CASE WHEN played_ms BETWEEN 0 AND 86400000 THEN CAST(round(played_ms) AS INTEGER) END AS played_ms,
       lower(cleaned(client)) AS client, info, said, msid, mbid,
       coalesce(fault, unsuitable, CASE
         WHEN instant IS NULL THEN 'bad date'
         WHEN instant < TIMESTAMPTZ '1990-01-01' OR instant >= TIMESTAMPTZ '2100-01-01' THEN 'impossible date'
         WHEN kind = 'feedback' AND artist IS NULL AND title IS NULL
              AND coalesce(msid, mbid) IS NOT NULL THEN NULL
         WHEN cleaned(artist) IS NULL THEN 'missing artist'
         WHEN cleaned(title) IS NULL THEN 'missing title'
       END) AS reason,
       list_concat(list_concat(cleanings(artist), cleanings(title)), list_concat(cleanings(album), kinds([
         CASE WHEN played_ms < 0 OR played_ms > 86400000 THEN 'impossible length' END
       ]))) AS repairs
FROM ({rows})
