-- Who plays what: tastes of unequal size, in them scenes of about 64 artists, in them artists of
-- about ten tracks each. `tastes` (taste, low, high, described) and `descriptions` are filled by
-- structure.ts.

CREATE TEMP TABLE artists AS
WITH drawn AS (
  SELECT CAST(range AS INTEGER) AS artist_ix, uniform('artist taste', range) AS u
  FROM range(getvariable('artists'))
), placed AS (
  SELECT artist_ix, taste,
         CAST(row_number() OVER (
           PARTITION BY taste ORDER BY uniform('artist fame', artist_ix), artist_ix) - 1
           AS INTEGER) AS taste_place,
         CAST((row_number() OVER (
           PARTITION BY taste ORDER BY uniform('artist scene', artist_ix), artist_ix) - 1) // 64
           AS INTEGER) AS scene_number
  FROM drawn JOIN tastes ON u >= low AND u < high
), weighed AS (
  -- Discographies: exponential, at least a fifth of the mean.
  SELECT *, 2 + CAST(floor(-8 * ln(1 - uniform('discography', artist_ix))) AS BIGINT) AS weight,
         CAST(dense_rank() OVER (ORDER BY taste, scene_number) - 1 AS INTEGER) AS scene
  FROM placed
), numbered AS (
  SELECT *, CAST(coalesce(sum(weight) OVER (
              ORDER BY artist_ix ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
              AS BIGINT) AS before,
         CAST(sum(weight) OVER () AS BIGINT) AS total,
         CAST(row_number() OVER (PARTITION BY scene ORDER BY taste_place) - 1
           AS INTEGER) AS scene_place
  FROM weighed
)
SELECT artist_ix, taste, scene, taste_place, scene_place,
       CAST(getvariable('tracks') * before // total AS INTEGER) AS first_track,
       CAST(getvariable('tracks') * (before + weight) // total
            - getvariable('tracks') * before // total AS INTEGER) AS num_tracks
FROM numbered
ORDER BY artist_ix;

CREATE TEMP TABLE scenes AS
SELECT scene, taste, CAST(count(*) AS INTEGER) AS size FROM artists GROUP BY ALL;

-- A circle of artists to draw from: a scene as it is, a taste as -1 - taste; the best known first.
CREATE TEMP TABLE circles AS
SELECT scene AS circle, size FROM scenes
UNION ALL
SELECT -1 - taste, CAST(count(*) AS INTEGER) FROM artists GROUP BY taste;

CREATE TEMP TABLE members AS
SELECT scene AS circle, scene_place AS place, artist_ix, first_track, num_tracks FROM artists
UNION ALL
SELECT -1 - taste, taste_place, artist_ix, first_track, num_tracks FROM artists;

CREATE TEMP TABLE taste_scenes AS
SELECT taste, min(scene) AS first_scene, CAST(count(*) AS INTEGER) AS num_scenes
FROM scenes GROUP BY taste;

-- One in sixteen is another version of the track before it.
CREATE TEMP TABLE tracks AS
SELECT track_of(number) AS track_ix, artist_ix, taste, scene, taste_place, scene_place, num_tracks,
       place, is_version,
       CAST(sum(CASE WHEN is_version THEN 0 ELSE 1 END) OVER (
         ORDER BY number ROWS UNBOUNDED PRECEDING) - 1 AS INTEGER) AS work
FROM (
  SELECT *, first_track + place AS number,
         place > 0 AND uniform('version', first_track + place) < 0.06 AS is_version
  FROM (SELECT *, CAST(unnest(range(num_tracks)) AS INTEGER) AS place FROM artists)
)
ORDER BY track_ix;
