-- Articles about artists before a cut-off. Parameters are in the one-row table `moment`:
-- cutoff TIMESTAMP, weeks_before INTEGER, half_life_days DOUBLE.

CREATE TEMP TABLE known_articles AS
SELECT document_ix, published >= cutoff - INTERVAL 7 DAY AS of_week,
       -- Fixed-point, so that a sum is the same in whatever order the threads add.
       CAST(pow(0.5, date_diff('second', published, cutoff) / 86400.0 / half_life_days)
            AS DECIMAL(18, 9)) AS weight
FROM mentions.documents CROSS JOIN moment
WHERE kind = 'article' AND published < cutoff
  AND published >= cutoff - to_days(CAST(7 * (1 + weeks_before) AS INTEGER));

CREATE TEMP TABLE artist_articles AS
SELECT artist_ix,
       CAST(count(*) FILTER (of_week) AS INTEGER) AS this_week,
       CAST(count(*) FILTER (NOT of_week) AS INTEGER) AS before,
       -- One article's word alone is half believed.
       CAST(sum(CAST(weight * CAST(sentiment AS DECIMAL(10, 6)) AS DECIMAL(18, 9))) AS DOUBLE)
         / (1 + CAST(sum(weight) AS DOUBLE)) AS sentiment
FROM mentions.mentions JOIN known_articles USING (document_ix)
WHERE album IS NULL AND track_ix IS NULL AND sentiment IS NOT NULL
GROUP BY artist_ix
ORDER BY artist_ix;
