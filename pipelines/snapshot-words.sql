-- What listeners had said by a cut-off. Runs before snapshot.sql, which takes from it:
--   set_aside (listener_ix, track_ix, listened_at, reason): listens that say nothing of a taste
--   refused (listener_ix, track_ix): tracks of which nothing counts for the listener
--   liked (listener_ix, track_ix, confidence): what counts though it was not played
--   liked_artists (listener_ix, artist_ix, confidence)
--   known (listener_ix, work_ix): works that are not new to the listener, listens apart
--   barred (listener_ix, work_ix, reason): works that are not to be listed
--   latest_profiles (listener_ix, zone, country, language, picture_url)
-- Parameters are in `moment`, with the weights of words in plays: love_plays, save_plays,
-- playlist_plays, search_plays. Only what was said before its cutoff is seen; of several words on
-- one thing the newest counts, of two at one instant the more careful one.

-- The share of a word or play that counts: half after half_life_days, never nothing. Fixed-point,
-- so that a sum is the same in whatever order the threads add.
CREATE TEMP MACRO decayed(said_at, cutoff, half_life_days) AS
  greatest(
    CAST(pow(0.5, date_diff('second', said_at, cutoff) / 86400.0 / half_life_days) AS DECIMAL(18, 9)),
    CAST(0.000000001 AS DECIMAL(18, 9)));
-- Of a word that counts as some plays.
CREATE TEMP MACRO weighed(plays, share) AS
  CAST(greatest(CAST(plays AS DECIMAL(18, 9)) * share, 0.000000001) AS DECIMAL(18, 9));

-- ---------------------------------------------------------------- love and hate

CREATE TEMP TABLE opinions AS
SELECT listener_ix, track_ix, max(happened_at) AS happened_at,
       arg_max(kind, (happened_at, CASE kind WHEN 'hate' THEN 2 WHEN 'none' THEN 1 ELSE 0 END)) AS kind
FROM catalogue.feedback CROSS JOIN moment
WHERE happened_at < cutoff AND kind IN ('love', 'hate', 'none')
GROUP BY listener_ix, track_ix;

CREATE TEMP TABLE hated_works AS
SELECT DISTINCT listener_ix, work_ix
FROM opinions JOIN catalogue.tracks USING (track_ix) WHERE kind = 'hate';

-- Who hates one version wants no other, unless they say so.
CREATE TEMP TABLE refused AS
SELECT h.listener_ix, t.track_ix
FROM hated_works h
JOIN catalogue.tracks t USING (work_ix)
LEFT JOIN opinions o ON o.listener_ix = h.listener_ix AND o.track_ix = t.track_ix
WHERE o.kind IS DISTINCT FROM 'love';

-- ---------------------------------------------------------------- listens that are not a taste

CREATE TEMP TABLE skips AS
SELECT listener_ix, track_ix, happened_at, played_ms
FROM catalogue.feedback CROSS JOIN moment
WHERE happened_at < cutoff AND kind = 'skip';

CREATE TEMP TABLE exclusions_in_force AS
SELECT * EXCLUDE (lifted, place)
FROM (
  SELECT listener_ix, client, since, before, lifted,
         row_number() OVER (
           PARTITION BY listener_ix, client, since, before ORDER BY happened_at DESC, lifted
         ) AS place
  FROM catalogue.exclusions CROSS JOIN moment
  WHERE happened_at < cutoff
)
WHERE place = 1 AND NOT lifted;

-- A skip that was told by itself belongs to the play of the track that had begun just before.
CREATE TEMP TABLE set_aside AS
SELECT listener_ix, track_ix, listened_at, max(reason) AS reason
FROM (
  SELECT listener_ix, track_ix, listened_at, 'skipped' AS reason
  FROM catalogue.skipped_listens CROSS JOIN moment
  WHERE listened_at < cutoff
  UNION ALL
  SELECT l.listener_ix, l.track_ix, l.listened_at, 'skipped'
  FROM catalogue.listens l
  JOIN skips s ON s.listener_ix = l.listener_ix AND s.track_ix = l.track_ix
  CROSS JOIN moment
  WHERE coalesce(s.played_ms, 0) < skipped_before_ms
    AND s.happened_at >= l.listened_at
    AND date_diff('millisecond', l.listened_at, s.happened_at) <= skipped_before_ms
  UNION ALL
  SELECT l.listener_ix, l.track_ix, l.listened_at, 'excluded'
  FROM catalogue.listens l
  JOIN exclusions_in_force e ON e.listener_ix = l.listener_ix
  CROSS JOIN moment
  WHERE e.client IS NULL AND l.listened_at < cutoff
    AND (e.since IS NULL OR l.listened_at >= e.since)
    AND (e.before IS NULL OR l.listened_at < e.before)
  UNION ALL
  SELECT l.listener_ix, l.track_ix, l.listened_at, 'excluded'
  FROM catalogue.listen_clients l
  JOIN exclusions_in_force e ON e.listener_ix = l.listener_ix AND e.client = l.client
  CROSS JOIN moment
  WHERE l.listened_at < cutoff
    AND (e.since IS NULL OR l.listened_at >= e.since)
    AND (e.before IS NULL OR l.listened_at < e.before)
)
GROUP BY listener_ix, track_ix, listened_at;

-- ---------------------------------------------------------------- saves and own playlists

CREATE TEMP TABLE saves AS
SELECT listener_ix, scope, artist_ix, album_ix, track_ix, max(happened_at) AS happened_at,
       -- At one instant, taken out.
       arg_max(saved, (happened_at, NOT saved)) AS saved
FROM catalogue.saves CROSS JOIN moment
WHERE happened_at < cutoff
GROUP BY listener_ix, scope, artist_ix, album_ix, track_ix;

CREATE TEMP TABLE own_tracks AS
SELECT listener_ix, track_ix, max(added) AS added,
       bool_or(removed IS NULL OR removed >= cutoff) AS is_there
FROM catalogue.own_tracks CROSS JOIN moment
WHERE added < cutoff
GROUP BY listener_ix, track_ix;

-- ---------------------------------------------------------------- liking

CREATE TEMP TABLE liked AS
SELECT listener_ix, track_ix, confidence
FROM (
  SELECT listener_ix, track_ix,
         weighed(love_plays, decayed(happened_at, cutoff, half_life_days)) AS confidence
  FROM opinions CROSS JOIN moment WHERE kind = 'love'
  UNION ALL
  SELECT listener_ix, track_ix, weighed(save_plays, decayed(happened_at, cutoff, half_life_days))
  FROM saves CROSS JOIN moment WHERE saved AND scope = 'track'
  UNION ALL
  SELECT listener_ix, track_ix, weighed(playlist_plays, decayed(added, cutoff, half_life_days))
  FROM own_tracks CROSS JOIN moment WHERE is_there
)
ANTI JOIN refused USING (listener_ix, track_ix);

-- However often an artist is searched for on one day, it counts once.
CREATE TEMP TABLE liked_artists AS
SELECT listener_ix, artist_ix,
       weighed(save_plays, decayed(happened_at, cutoff, half_life_days)) AS confidence
FROM saves CROSS JOIN moment WHERE saved AND scope <> 'track'
UNION ALL
SELECT listener_ix, artist_ix,
       weighed(search_plays, decayed(max(happened_at), any_value(cutoff), any_value(half_life_days)))
FROM catalogue.searches JOIN moment ON happened_at < cutoff
GROUP BY listener_ix, artist_ix, CAST(happened_at AS DATE), search_plays;

-- ---------------------------------------------------------------- what is not new

-- Who has skipped, loved, ever saved or ever playlisted a track knows it.
CREATE TEMP TABLE known AS
SELECT DISTINCT listener_ix, work_ix
FROM (
  SELECT listener_ix, track_ix FROM skips
  UNION ALL
  SELECT listener_ix, track_ix FROM opinions WHERE kind = 'love'
  UNION ALL
  SELECT listener_ix, track_ix FROM saves WHERE scope = 'track'
  UNION ALL
  SELECT s.listener_ix, a.track_ix
  FROM saves s JOIN catalogue.album_tracks a USING (album_ix) WHERE s.scope = 'album'
  UNION ALL
  SELECT listener_ix, track_ix FROM own_tracks
)
JOIN catalogue.tracks USING (track_ix);

-- ---------------------------------------------------------------- who they are

-- The newest profile counts, whole.
CREATE TEMP TABLE latest_profiles AS
SELECT listener_ix, z.iana AS zone, c.country, language, picture_url
FROM (
  SELECT p.*, row_number() OVER (
           PARTITION BY listener_ix
           ORDER BY happened_at DESC, zone, country, language, picture_url) AS place
  FROM catalogue.profiles p CROSS JOIN moment
  WHERE happened_at < cutoff
) latest
LEFT JOIN profile_zones z ON z.zone = latest.zone
LEFT JOIN profile_countries c ON c.country = latest.country
WHERE place = 1
ORDER BY listener_ix;
