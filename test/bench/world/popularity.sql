-- What the stage `snapshot` counts over all interactions (the view `all_interactions`), by its
-- definitions. Places are counted over up to 1,000 listeners each: a million would take minutes.

CREATE TEMP TABLE track_popularity AS
SELECT track_ix, CAST(count(*) AS INTEGER) AS listeners,
       CAST(sum(CAST(least(confidence, 1) AS DECIMAL(18, 9))) AS FLOAT) AS score
FROM all_interactions
GROUP BY track_ix
ORDER BY track_ix;

CREATE TEMP TABLE asked AS
SELECT listener_ix, zone, country FROM people
QUALIFY row_number() OVER (PARTITION BY zone ORDER BY listener_ix) <= 1000;

CREATE TEMP TABLE votes AS
SELECT zone, country, track_ix, sum(CAST(least(confidence, 1) AS DECIMAL(18, 9))) AS vote
FROM all_interactions JOIN asked USING (listener_ix)
GROUP BY ALL;

CREATE TEMP TABLE place_popularity AS
SELECT kind, place, track_ix, CAST(score AS FLOAT) AS score, CAST(rank AS INTEGER) AS rank
FROM (
  SELECT kind, place, track_ix, score,
         row_number() OVER (PARTITION BY kind, place ORDER BY score DESC, track_ix) AS rank
  FROM (
    SELECT 'zone' AS kind, zone AS place, track_ix, sum(vote) AS score
    FROM votes GROUP BY zone, track_ix
    UNION ALL
    SELECT 'country', country, track_ix, sum(vote)
    FROM votes WHERE country IS NOT NULL GROUP BY country, track_ix
    UNION ALL
    SELECT 'world', 'world', track_ix, CAST(score AS DECIMAL(18, 9)) FROM track_popularity
  )
)
WHERE rank <= 1000
ORDER BY kind, place, rank;

CREATE TEMP TABLE eligible AS
SELECT t.track_ix, t.artist_ix, t.work_ix,
       coalesce(p.score, 0) AS score,
       coalesce(p.listeners, 0) AS listeners,
       CAST(floor(coalesce(p.listeners, 0) * uniform('playlists', t.track_ix) / 4
                  + 3 * uniform('more playlists', t.track_ix)) AS INTEGER) AS playlists,
       coalesce(t.popularity, 0) AS catalogue_popularity
FROM catalogue_tracks t
LEFT JOIN track_popularity p USING (track_ix)
ORDER BY t.track_ix;

CREATE TEMP TABLE artist_tracks AS
SELECT artist_ix, track_ix, CAST(rank AS INTEGER) AS rank
FROM (
  SELECT artist_ix, track_ix,
         row_number() OVER (
           PARTITION BY artist_ix
           ORDER BY score DESC, playlists DESC, catalogue_popularity DESC, track_ix
         ) AS rank
  FROM (
    SELECT *, row_number() OVER (
      PARTITION BY work_ix
      ORDER BY score DESC, playlists DESC, catalogue_popularity DESC, track_ix
    ) AS version
    FROM eligible
  )
  WHERE version = 1
)
WHERE rank <= 10
ORDER BY artist_ix, rank;
