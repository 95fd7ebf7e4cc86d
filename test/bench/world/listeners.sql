-- Who listens: a zone, a number of plays (median 30, of 25 tracks), one to four tastes. `zones` (zone_ix, zone,
-- country, area, low, high) is filled by structure.ts.

CREATE TEMP TABLE people AS
SELECT listener_ix, zone_ix, zone, country, area, num_tastes,
       -- Log-normal: the busiest of a million have thousands.
       CAST(greatest(1, least(2000, round(30 * exp(normal('plays', listener_ix))))) AS INTEGER)
         AS num_plays
FROM (
  SELECT CAST(range AS INTEGER) AS listener_ix, uniform('zone', range) AS u,
         CAST(1 + floor(4 * pow(uniform('number of tastes', range), 1.6)) AS INTEGER) AS num_tastes
  FROM range(getvariable('users'))
) JOIN zones ON u >= low AND u < high
ORDER BY listener_ix;

-- Half of what they like is what is liked where they live.
CREATE TEMP TABLE people_tastes AS
SELECT listener_ix, slot, taste, first_scene, num_scenes
FROM (
  SELECT listener_ix, slot,
         CASE WHEN uniform('local', listener_ix, slot) < 0.5
              THEN uniform('taste of zone', zone_ix,
                           CAST(4 * uniform('which of zone', listener_ix, slot) AS INTEGER))
              ELSE uniform('taste', listener_ix, slot) END AS u
  FROM (SELECT listener_ix, zone_ix, CAST(unnest(range(num_tastes)) AS INTEGER) AS slot FROM people)
)
JOIN tastes ON u >= low AND u < high
JOIN taste_scenes USING (taste)
ORDER BY listener_ix, slot;
