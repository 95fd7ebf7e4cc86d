-- Zones for the usable listens that have none.
CREATE TEMP TABLE unlocated AS
SELECT DISTINCT listener, listened_at, offset_zone FROM usable_listens WHERE zone IS NULL;

CREATE TEMP TABLE located AS
SELECT listener, listened_at, min(zone) AS zone
FROM usable_listens
WHERE zone IS NOT NULL AND listener IN (SELECT listener FROM unlocated)
GROUP BY listener, listened_at;

CREATE TEMP TABLE filled_zones AS
SELECT u.listener, u.listened_at, u.offset_zone,
       CASE WHEN before.zone IS NULL THEN after.zone
            WHEN after.zone IS NULL THEN before.zone
            WHEN after.listened_at - u.listened_at < u.listened_at - before.listened_at THEN after.zone
            ELSE before.zone END AS zone
FROM unlocated u
ASOF LEFT JOIN located before
  ON before.listener = u.listener AND before.listened_at <= u.listened_at
ASOF LEFT JOIN located after
  ON after.listener = u.listener AND after.listened_at >= u.listened_at;

CREATE TEMP VIEW located_listens AS
SELECT u.listened_at, u.listener, coalesce(u.zone, f.zone, u.offset_zone) AS zone, u.language,
       u.artist, u.title
FROM usable_listens u
LEFT JOIN (SELECT listener, listened_at, min(zone) AS zone FROM filled_zones GROUP BY ALL) f
  ON u.zone IS NULL AND f.listener = u.listener AND f.listened_at = u.listened_at;
