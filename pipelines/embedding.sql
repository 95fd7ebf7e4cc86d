-- The memberships known on the day of the one-row table `moment` (as_of DATE, null: all), and
-- playlist co-occurrence: for each track that was played, the tracks that stand beside it in
-- playlists, by cosine; a playlist of n tracks counts 1 / log2(1 + n).
CREATE TEMP TABLE memberships AS
SELECT DISTINCT playlist_ix, track_ix
FROM catalogue.memberships
CROSS JOIN moment
WHERE moment.as_of IS NULL OR added < moment.as_of;

CREATE TEMP TABLE played AS
SELECT DISTINCT track_ix FROM catalogue.listens;

CREATE TEMP TABLE playlist_weights AS
SELECT playlist_ix, CAST(1 / log2(1 + count(*)) AS DECIMAL(18, 9)) AS weight
FROM memberships
GROUP BY playlist_ix
HAVING count(*) BETWEEN 2 AND 5000;

CREATE TEMP TABLE member_norms AS
SELECT track_ix, sqrt(CAST(sum(weight) AS DOUBLE)) AS norm
FROM memberships
JOIN playlist_weights USING (playlist_ix)
GROUP BY track_ix;

CREATE TEMP TABLE playlist_neighbours AS
SELECT track_ix, neighbour_ix, CAST(similarity AS FLOAT) AS similarity
FROM (
  SELECT track_ix, neighbour_ix, similarity,
         row_number() OVER (PARTITION BY track_ix ORDER BY similarity DESC, neighbour_ix) AS rank
  FROM (
    SELECT a.track_ix, b.track_ix AS neighbour_ix,
           CAST(sum(weight) AS DOUBLE) / (any_value(na.norm) * any_value(nb.norm)) AS similarity
    FROM played
    JOIN memberships a USING (track_ix)
    JOIN playlist_weights USING (playlist_ix)
    JOIN memberships b ON b.playlist_ix = a.playlist_ix AND b.track_ix <> a.track_ix
    JOIN member_norms na ON na.track_ix = a.track_ix
    JOIN member_norms nb ON nb.track_ix = b.track_ix
    GROUP BY a.track_ix, b.track_ix
  )
)
WHERE rank <= 50
ORDER BY track_ix, similarity DESC, neighbour_ix;
