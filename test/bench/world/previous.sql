-- The lists of one of the weeks before (variable `weeks_ago`): 30 tracks, of each taste as many,
-- from its best-known artists to its least known; another track of theirs each week. Fewer where
-- the taste has fewer artists.

CREATE OR REPLACE TEMP VIEW listed AS
WITH strata AS (
  SELECT p.listener_ix, n, c.circle,
         spread(n // num_tastes / strata, c.size) AS low,
         CASE WHEN n // num_tastes + 1 >= strata THEN c.size
              ELSE spread((n // num_tastes + 1) / strata, c.size) END AS high
  FROM (
    SELECT listener_ix, num_tastes, CAST(unnest(range(30)) AS INTEGER) AS n,
           ceil(30 / num_tastes) AS strata
    FROM people
  ) p
  JOIN people_tastes t ON t.listener_ix = p.listener_ix AND t.slot = p.n % p.num_tastes
  JOIN circles c ON c.circle = -1 - t.taste
)
SELECT s.listener_ix, s.n,
       track_of(m.first_track + (getvariable('weeks_ago')
         + best_known(uniform('listed', CAST(s.listener_ix AS BIGINT) * 30 + s.n,
                              getvariable('weeks_ago')), 3)) % m.num_tracks) AS track_ix
FROM strata s
JOIN members m
  ON m.circle = s.circle
 AND m.place = s.low + CAST(floor((s.high - s.low) * uniform('listed artist',
       CAST(s.listener_ix AS BIGINT) * 30 + s.n, getvariable('weeks_ago'))) AS INTEGER)
WHERE s.high > s.low;
