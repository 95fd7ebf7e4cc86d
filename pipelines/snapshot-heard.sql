-- What a listener is not to be given: `barred`, which they do not want, and `heard`, that and what is
-- not new to them. Runs after snapshot.sql.

-- A block holds for the weeks that begin before it ends, on the clock of the listener.
CREATE TEMP TABLE blocks_in_force AS
SELECT scope, listener_ix, artist_ix, album_ix, track_ix
FROM (
  SELECT b.*, row_number() OVER (
           PARTITION BY listener_ix, scope, artist_ix, album_ix, track_ix
           -- At one instant, the one that lasts longer.
           ORDER BY happened_at DESC, until DESC NULLS FIRST) AS place
  FROM catalogue.blocks b CROSS JOIN moment
  WHERE happened_at < cutoff
)
JOIN listeners USING (listener_ix)
LEFT JOIN zone_places USING (zone)
CROSS JOIN moment
WHERE place = 1
  AND (until IS NULL OR (until > happened_at AND until > coalesce(epoch_ms(week_begins_ms), cutoff)));

-- Whoever is blocked is not to be heard as a guest either.
CREATE TEMP TABLE blocked_artists AS
SELECT b.listener_ix, b.artist_ix, lower(a.name) AS name
FROM blocks_in_force b JOIN catalogue.artists a USING (artist_ix)
WHERE b.scope = 'artist';

CREATE TEMP TABLE artist_works AS
SELECT DISTINCT c.artist_ix, c.work_ix
FROM (
  SELECT artist_ix, work_ix FROM catalogue.tracks
  SEMI JOIN blocked_artists USING (artist_ix)
  UNION ALL
  SELECT b.artist_ix, t.work_ix
  FROM (SELECT work_ix, lower(unnest(artists)) AS name FROM catalogue.tracks) t
  JOIN (SELECT DISTINCT artist_ix, name FROM blocked_artists) b USING (name)
) c;

CREATE TEMP TABLE barred AS
SELECT DISTINCT listener_ix, work_ix, reason
FROM (
  SELECT listener_ix, work_ix, 'hated' AS reason FROM hated_works
  UNION ALL
  SELECT listener_ix, work_ix, 'artist blocked' FROM blocked_artists JOIN artist_works USING (artist_ix)
  UNION ALL
  SELECT b.listener_ix, t.work_ix, 'album blocked'
  FROM blocks_in_force b
  JOIN catalogue.album_tracks a USING (album_ix)
  JOIN catalogue.tracks t ON t.track_ix = a.track_ix
  WHERE b.scope = 'album'
  UNION ALL
  SELECT b.listener_ix, t.work_ix, 'track blocked'
  FROM blocks_in_force b JOIN catalogue.tracks t USING (track_ix) WHERE b.scope = 'track'
)
ORDER BY listener_ix, work_ix, reason;

-- Any version of a work that was played makes the work heard.
CREATE TEMP TABLE heard AS
SELECT DISTINCT listener_ix, work_ix
FROM (
  SELECT listener_ix, work_ix FROM known_listens
  UNION ALL
  SELECT listener_ix, work_ix FROM known
  UNION ALL
  SELECT listener_ix, work_ix FROM barred
)
ORDER BY listener_ix, work_ix;
