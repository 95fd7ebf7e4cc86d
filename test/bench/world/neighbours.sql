-- 50 neighbours of each track that was played: one more of the artist's, one of each of the next 43
-- artists of the scene, six from elsewhere in the taste, the better known the likelier. The first 40
-- are near in the embedding; the first 25 and the last ten stand in the same playlists.

CREATE OR REPLACE TEMP VIEW neighbours AS
WITH pairs AS (
  SELECT t.track_ix, t.artist_ix, t.scene, t.place, t.num_tracks, n, c.size,
         CASE WHEN n < 44 THEN t.scene ELSE -1 - t.taste END AS circle,
         CASE WHEN n < 44 THEN (t.scene_place + n) % c.size ELSE zipf((n - 44) / 6.0, c.size) END
           AS low,
         CASE WHEN n < 44 THEN (t.scene_place + n) % c.size + 1
              WHEN n = 49 THEN c.size ELSE zipf((n - 43) / 6.0, c.size) END AS high
  FROM (
    SELECT *, CAST(unnest(range(50)) AS INTEGER) AS n
    FROM tracks
    WHERE track_ix IN (SELECT track_ix FROM track_popularity)
  ) t
  JOIN circles c ON c.circle = CASE WHEN n < 44 THEN t.scene ELSE -1 - t.taste END
  WHERE n >= 44 OR (n > 0 AND n < c.size) OR (n = 0 AND t.num_tracks > 1)
)
SELECT p.track_ix, p.n,
       track_of(m.first_track + CASE WHEN p.n = 0 THEN (p.place + 1) % m.num_tracks
         ELSE best_known(uniform('neighbour', p.track_ix, p.n), m.num_tracks) END) AS neighbour_ix,
       CAST(0.92 - 0.011 * p.n - 0.01 * uniform('similarity', p.track_ix, p.n) AS FLOAT)
         AS similarity
FROM pairs p
JOIN members m
  ON m.circle = p.circle
 AND m.place = p.low + CAST(floor((p.high - p.low) * uniform('stratum', p.track_ix, p.n)) AS INTEGER)
JOIN artists a ON a.artist_ix = m.artist_ix
WHERE p.n < 44 OR (p.high > p.low AND a.scene <> p.scene);
