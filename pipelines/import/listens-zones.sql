-- Zones for the usable listens that have none: that of the listener's nearest listen.
CREATE TEMP TABLE unlocated AS
SELECT DISTINCT listener, listened_at FROM usable_listens WHERE zone IS NULL;

CREATE TEMP TABLE located AS
SELECT listener, listened_at, min(zone) AS zone
FROM usable_listens
WHERE zone IS NOT NULL AND listener IN (SELECT listener FROM unlocated)
GROUP BY listener, listened_at;

CREATE TEMP TABLE filled_zones AS
SELECT u.listener, u.listened_at,
       CASE WHEN e.zone IS NULL THEN l.zone
            WHEN l.zone IS NULL THEN e.zone
            WHEN l.listened_at - u.listened_at < u.listened_at - e.listened_at THEN l.zone
            ELSE e.zone END AS zone
FROM unlocated u
ASOF LEFT JOIN located e ON e.listener = u.listener AND e.listened_at <= u.listened_at
ASOF LEFT JOIN located l ON l.listener = u.listener AND l.listened_at >= u.listened_at;

CREATE TEMP VIEW located_listens AS
SELECT u.listened_at, u.listener, coalesce(u.zone, f.zone, u.offset_zone) AS zone, u.language,
       u.artist, u.title
FROM usable_listens u
LEFT JOIN filled_zones f ON f.listener = u.listener AND f.listened_at = u.listened_at;
