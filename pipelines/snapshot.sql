-- What was known of the listens at a cut-off. Parameters are in the one-row table `moment`:
-- cutoff TIMESTAMP, half_life_days DOUBLE, catalogue_before DATE (null: the catalogue counts as known).
-- `zone_places` (zone, country, area, week_begins_ms) is filled by snapshot.ts. Runs after
-- snapshot-words.sql.

CREATE TEMP TABLE known_listens AS
SELECT l.listener_ix, l.track_ix, t.artist_ix, t.work_ix, l.listened_at, l.zone,
       decayed(l.listened_at, moment.cutoff, moment.half_life_days) AS confidence
FROM catalogue.listens l
JOIN catalogue.tracks t USING (track_ix)
CROSS JOIN moment
WHERE l.listened_at < moment.cutoff;

-- What counts for a listener's taste. `plays` is 0 where they said it, 1 where they played it.
CREATE TEMP VIEW evidence AS
SELECT listener_ix, track_ix, artist_ix, 1 AS plays, confidence
FROM known_listens
ANTI JOIN set_aside USING (listener_ix, track_ix, listened_at)
ANTI JOIN refused USING (listener_ix, track_ix)
UNION ALL
SELECT listener_ix, track_ix, artist_ix, 0, confidence
FROM liked JOIN catalogue.tracks USING (track_ix);

-- Whoever has played something, or has said what they like. The zone is that of the newest profile,
-- else of the newest listen that has one.
CREATE TEMP TABLE listeners AS
SELECT listener_ix, zone, coalesce(profile_country, country) AS country, area, listens, first_listen,
       last_listen
FROM (
  SELECT listener_ix, coalesce(p.zone, l.zone, 'Etc/UTC') AS zone, p.country AS profile_country,
         coalesce(listens, 0) AS listens, first_listen, last_listen
  FROM (
    SELECT listener_ix,
           arg_max(zone, (listened_at, track_ix)) FILTER (zone IS NOT NULL) AS zone,
           CAST(count(*) AS INTEGER) AS listens,
           min(listened_at) AS first_listen,
           max(listened_at) AS last_listen
    FROM known_listens
    GROUP BY listener_ix
  ) l
  FULL JOIN (SELECT listener_ix FROM liked UNION SELECT listener_ix FROM liked_artists) w
    USING (listener_ix)
  LEFT JOIN latest_profiles p USING (listener_ix)
)
LEFT JOIN zone_places USING (zone)
ORDER BY listener_ix;

CREATE TEMP TABLE interactions AS
SELECT listener_ix, track_ix, CAST(sum(plays) AS INTEGER) AS plays,
       CAST(sum(confidence) AS FLOAT) AS confidence
FROM evidence
GROUP BY listener_ix, track_ix
ORDER BY listener_ix, track_ix;

CREATE TEMP TABLE artist_interactions AS
SELECT listener_ix, artist_ix, CAST(sum(plays) AS INTEGER) AS plays,
       CAST(sum(confidence) AS FLOAT) AS confidence
FROM (
  SELECT listener_ix, artist_ix, plays, confidence FROM evidence
  UNION ALL
  SELECT listener_ix, artist_ix, 0, confidence FROM liked_artists
)
GROUP BY listener_ix, artist_ix
ORDER BY listener_ix, artist_ix;

-- Popularity counts listeners, each at most once, by how recently they played the track.
CREATE TEMP TABLE votes AS
SELECT i.listener_ix, i.track_ix, l.zone, l.country,
       CAST(least(i.confidence, 1) AS DECIMAL(18, 9)) AS vote
FROM interactions i
JOIN listeners l USING (listener_ix);

CREATE TEMP TABLE track_popularity AS
SELECT track_ix, CAST(count(*) AS INTEGER) AS listeners, CAST(sum(vote) AS FLOAT) AS score
FROM votes
GROUP BY track_ix
ORDER BY track_ix;

CREATE TEMP TABLE place_popularity AS
SELECT kind, place, track_ix, CAST(score AS FLOAT) AS score, CAST(rank AS INTEGER) AS rank
FROM (
  SELECT kind, place, track_ix, score,
         row_number() OVER (PARTITION BY kind, place ORDER BY score DESC, track_ix) AS rank
  FROM (
    SELECT 'zone' AS kind, zone AS place, track_ix, sum(vote) AS score
    FROM votes GROUP BY zone, track_ix
    UNION ALL
    SELECT 'country', country, track_ix, sum(vote)
    FROM votes WHERE country IS NOT NULL GROUP BY country, track_ix
    UNION ALL
    SELECT 'world', 'world', track_ix, sum(vote)
    FROM votes GROUP BY track_ix
  )
)
WHERE rank <= 1000
ORDER BY kind, place, rank;

-- What can be recommended: played before the cut-off, or listed by a catalogue that is known.
CREATE TEMP TABLE eligible AS
SELECT t.track_ix, t.artist_ix, t.work_ix,
       coalesce(p.score, 0) AS score,
       coalesce(p.listeners, 0) AS listeners,
       CAST(coalesce(m.playlists, 0) AS INTEGER) AS playlists,
       coalesce(t.popularity, 0) AS catalogue_popularity
FROM catalogue.tracks t
CROSS JOIN moment
LEFT JOIN track_popularity p USING (track_ix)
LEFT JOIN (
  -- What listeners put into playlists of their own is dated as listens are.
  SELECT track_ix, count(DISTINCT playlist_ix) AS playlists
  FROM catalogue.memberships
  CROSS JOIN moment
  LEFT JOIN (SELECT DISTINCT playlist_ix, true AS is_own FROM catalogue.own_tracks) USING (playlist_ix)
  WHERE CASE WHEN is_own THEN added < CAST(cutoff AS DATE)
             ELSE moment.catalogue_before IS NULL OR added < moment.catalogue_before END
  GROUP BY track_ix
) m USING (track_ix)
WHERE p.track_ix IS NOT NULL
   OR (t.known_from IS NOT NULL
       AND (moment.catalogue_before IS NULL OR t.known_from < moment.catalogue_before))
ORDER BY t.track_ix;

-- The best-known tracks of an artist, one version of each work.
CREATE TEMP TABLE artist_tracks AS
SELECT artist_ix, track_ix, CAST(rank AS INTEGER) AS rank
FROM (
  SELECT artist_ix, track_ix,
         row_number() OVER (
           PARTITION BY artist_ix
           ORDER BY score DESC, playlists DESC, catalogue_popularity DESC, track_ix
         ) AS rank
  FROM (
    SELECT *, row_number() OVER (
      PARTITION BY work_ix
      ORDER BY score DESC, playlists DESC, catalogue_popularity DESC, track_ix
    ) AS version
    FROM eligible
  )
  WHERE version = 1
)
WHERE rank <= 10
ORDER BY artist_ix, rank;
