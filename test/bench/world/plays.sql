-- What the listeners of a range (variables `first`, `last`) play: two or three tracks at a time of
-- an artist whom one of their tastes leads to, six in ten times by one of two favourite scenes.
-- The first 3,000 listeners also play in the week after the cut-off: what the ranker learns from.

CREATE OR REPLACE TEMP TABLE planned AS
SELECT listener_ix, num_plays, visit,
       CAST(floor(num_tastes * pow(uniform('which taste', listener_ix, visit), 1.5)) AS INTEGER)
         AS slot
FROM (
  SELECT *, CAST(unnest(range(visits)) AS INTEGER) AS visit
  FROM (
    SELECT listener_ix, num_tastes, num_plays,
           (num_plays + CASE WHEN listener_ix < 3000 THEN 12 ELSE 0 END) * 10 // 22 + 1 AS visits
    FROM people
    WHERE listener_ix BETWEEN getvariable('first') AND getvariable('last')
  )
);

CREATE OR REPLACE TEMP TABLE led AS
SELECT listener_ix, visit, num_plays,
       CASE WHEN uniform('scene', listener_ix, visit) < 0.6
            THEN first_scene + CAST(floor(num_scenes * uniform('favourite',
                   CAST(listener_ix AS BIGINT) * 4 + slot,
                   CAST(floor(2 * uniform('which favourite', listener_ix, visit)) AS INTEGER)))
                   AS INTEGER)
            ELSE -1 - taste END AS circle
FROM planned JOIN people_tastes USING (listener_ix, slot);

CREATE OR REPLACE TEMP TABLE visits AS
SELECT listener_ix, visit, num_plays, artist_ix, first_track, num_tracks
FROM (
  SELECT *, zipf(uniform('artist', listener_ix, visit), size) AS place
  FROM led JOIN circles USING (circle)
)
JOIN members USING (circle, place);

CREATE OR REPLACE TEMP TABLE plays AS
SELECT listener_ix, artist_ix, track_ix, is_after, times, age_days,
       CAST(times * pow(0.5, age_days / 60) AS DECIMAL(18, 9)) AS confidence
FROM (
  SELECT listener_ix, artist_ix, play >= num_plays AS is_after,
         track_of(first_track + best_known(uniform('track', listener_ix, play), num_tracks))
           AS track_ix,
         1 + CAST(floor(-0.7 * ln(1 - uniform('times', listener_ix, play))) AS INTEGER) AS times,
         1 + 300 * pow(uniform('age', listener_ix, play), 2) AS age_days
  FROM (
    SELECT *, unnest(range((visit * 22 + 9) // 10, ((visit + 1) * 22 + 9) // 10)) AS play
    FROM visits
  )
  WHERE play < num_plays OR (listener_ix < 3000 AND play < num_plays + 12)
);

CREATE OR REPLACE TEMP TABLE interactions AS
SELECT listener_ix, track_ix, CAST(sum(times) AS INTEGER) AS plays,
       CAST(sum(confidence) AS FLOAT) AS confidence
FROM plays WHERE NOT is_after
GROUP BY listener_ix, track_ix
ORDER BY listener_ix, track_ix;

CREATE OR REPLACE TEMP TABLE artist_interactions AS
SELECT listener_ix, artist_ix, CAST(sum(times) AS INTEGER) AS plays,
       CAST(sum(confidence) AS FLOAT) AS confidence
FROM plays WHERE NOT is_after
GROUP BY listener_ix, artist_ix
ORDER BY listener_ix, artist_ix;

CREATE OR REPLACE TEMP TABLE heard AS
SELECT DISTINCT listener_ix, work_ix
FROM interactions JOIN catalogue_tracks USING (track_ix)
ORDER BY listener_ix, work_ix;

CREATE OR REPLACE TEMP TABLE listeners AS
SELECT listener_ix, zone, country, area, listens,
       CAST(getvariable('cutoff') AS TIMESTAMP) - to_milliseconds(CAST(oldest * 86400000 AS BIGINT))
         AS first_listen,
       CAST(getvariable('cutoff') AS TIMESTAMP) - to_milliseconds(CAST(newest * 86400000 AS BIGINT))
         AS last_listen
FROM (
  SELECT listener_ix, CAST(sum(times) AS INTEGER) AS listens, max(age_days) AS oldest,
         min(age_days) AS newest
  FROM plays WHERE NOT is_after GROUP BY listener_ix
)
JOIN people USING (listener_ix)
ORDER BY listener_ix;

CREATE OR REPLACE TEMP TABLE listens AS
SELECT listener_ix, track_ix,
       CAST(getvariable('cutoff') AS TIMESTAMP)
         + to_milliseconds(CAST(age_days * 2000000 AS BIGINT)) AS listened_at,
       zone, CAST(NULL AS VARCHAR) AS language
FROM plays JOIN people USING (listener_ix)
WHERE is_after
ORDER BY listener_ix, listened_at, track_ix;
