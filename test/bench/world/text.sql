-- Two in three artists are written about: what their scene is called, and three words of the taste.
-- The nearest by text are the others of the scene.

CREATE TEMP TABLE written AS
SELECT artist_ix, scene, described, d.adjectives, d.nouns,
       d.adjectives[1 + scene % len(d.adjectives)] AS scene_word,
       CAST(row_number() OVER (PARTITION BY scene ORDER BY artist_ix) - 1 AS INTEGER) AS place,
       CAST(count(*) OVER (PARTITION BY scene) AS INTEGER) AS size
FROM artists JOIN tastes USING (taste) JOIN descriptions d USING (described)
WHERE uniform('written', artist_ix) < 0.66;

CREATE TEMP TABLE artist_terms AS
SELECT artist_ix, term, kind, CAST(max(weight) AS FLOAT) AS weight
FROM (
  SELECT artist_ix, scene_word AS term, 'adjective' AS kind, 0.7 AS weight FROM written
  UNION ALL
  SELECT artist_ix,
         adjectives[1 + CAST(floor(len(adjectives) * uniform('adjective', artist_ix, n)) AS INTEGER)],
         'adjective', 0.5 - 0.1 * n
  FROM written, (VALUES (0), (1)) AS numbers (n)
  UNION ALL
  SELECT artist_ix,
         lower(nouns[1 + CAST(floor(len(nouns) * uniform('noun', artist_ix)) AS INTEGER)]),
         'noun', 0.3
  FROM written
)
GROUP BY artist_ix, term, kind
ORDER BY artist_ix, term, kind;

CREATE TEMP TABLE artist_neighbours AS
SELECT w.artist_ix, o.artist_ix AS neighbour_ix,
       CAST(0.95 - 0.014 * w.n - 0.01 * uniform('text', w.artist_ix, w.n) AS FLOAT) AS similarity,
       w.scene_word AS shared
FROM (SELECT *, CAST(unnest(range(1, least(51, size))) AS INTEGER) AS n FROM written) w
JOIN written o ON o.scene = w.scene AND o.place = (w.place + w.n) % w.size
ORDER BY w.artist_ix, similarity DESC, neighbour_ix;

CREATE TEMP TABLE album_terms (
  artist_ix INTEGER, album VARCHAR, term VARCHAR, kind VARCHAR, weight FLOAT
);
CREATE TEMP TABLE playlist_moods (
  playlist_ix INTEGER, mood VARCHAR, valence FLOAT, confidence FLOAT
);
