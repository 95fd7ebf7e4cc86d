CREATE TEMP VIEW checked_plays AS
SELECT row, 'lastfm-' || trimmed(p."userID") AS listener, a.name AS artist,
       TRY_CAST(trim(p.weight) AS INTEGER) AS plays,
       coalesce(fault, CASE WHEN trimmed(p."userID") IS NULL THEN 'missing listener'
                            WHEN a.id IS NULL THEN 'unknown artist'
                            WHEN coalesce(TRY_CAST(trim(p.weight) AS INTEGER), 0) <= 0
                            THEN 'bad number of plays' END) AS reason,
       CAST([] AS VARCHAR[]) AS repairs
FROM plays p
LEFT JOIN (SELECT id, first(name ORDER BY row) AS name FROM usable_artists GROUP BY id) a
  ON a.id = trim(p."artistID");

-- Last.fm has had tags since 2005, and the data end in May 2011.
CREATE TEMP VIEW checked_tagged AS
SELECT row, 'lastfm-' || trimmed(g."userID") AS listener, a.name AS artist, t.tag,
       day_in(printf('%s-%s-%s', trim(g.year), lpad(trim(g.month), 2, '0'), lpad(trim(g.day), 2, '0'))) AS tag_day,
       CASE WHEN tag_day BETWEEN DATE '2005-01-01' AND DATE '2011-05-31' THEN tag_day END AS tagged,
       coalesce(fault, CASE WHEN trimmed(g."userID") IS NULL THEN 'missing listener'
                            WHEN a.id IS NULL THEN 'unknown artist'
                            WHEN t.id IS NULL THEN 'unknown tag' END) AS reason,
       kinds([CASE WHEN tagged IS NULL THEN 'impossible date' END]) AS repairs
FROM tagged g
LEFT JOIN (SELECT id, first(name ORDER BY row) AS name FROM usable_artists GROUP BY id) a
  ON a.id = trim(g."artistID")
LEFT JOIN (SELECT id, first(tag ORDER BY row) AS tag FROM usable_tags GROUP BY id) t
  ON t.id = trim(g."tagID");
