-- The playlists of the catalogue: those of the sources, and those that listeners keep themselves.
-- Runs after catalogue.sql.

CREATE TEMP TABLE numbered_playlists AS
SELECT CAST(row_number() OVER (ORDER BY playlist_id, source, owner NULLS FIRST) - 1 AS INTEGER)
         AS playlist_ix, *
FROM (
  SELECT playlist_id, source, CAST(NULL AS VARCHAR) AS owner, min(name) AS name,
         min(description) AS description
  FROM lake.playlists GROUP BY playlist_id, source
  UNION ALL
  -- Called as it was called last.
  SELECT playlist_id, source, listener,
         coalesce(arg_max(name, (happened_at, name)) FILTER (name IS NOT NULL), ''),
         arg_max(description, (happened_at, description)) FILTER (description IS NOT NULL)
  FROM lake.playlist_changes WHERE listener IS NOT NULL GROUP BY playlist_id, source, listener
);

CREATE TEMP TABLE playlists AS
SELECT playlist_ix, playlist_id, name, description FROM numbered_playlists ORDER BY playlist_ix;

CREATE TEMP TABLE known_memberships AS
SELECT p.playlist_ix, r.track_ix, m.added, m.removed
FROM lake.memberships m
JOIN numbered_playlists p
  ON p.source = m.source AND p.playlist_id = m.playlist_id AND p.owner IS NULL
JOIN recordings r ON r.source = m.source AND r.recording_id = m.recording_id;

-- ---------------------------------------------------------------- listeners' own

CREATE TEMP TABLE own_changes AS
SELECT p.playlist_ix, l.listener_ix, s.track_ix, c.happened_at, c.change = 'add' AS is_in
FROM lake.playlist_changes c
JOIN numbered_playlists p
  ON p.source = c.source AND p.playlist_id = c.playlist_id AND p.owner = c.listener
JOIN listeners l ON l.listener = c.listener
JOIN spelling_tracks s ON s.artist = c.artist AND s.title = c.title
WHERE c.change IN ('add', 'remove');

-- Whoever deletes a playlist takes out all that is in it.
CREATE TEMP TABLE own_turns AS
SELECT playlist_ix, listener_ix, track_ix, happened_at, is_in
FROM (
  SELECT *, lag(is_in, 1, false) OVER (
           PARTITION BY playlist_ix, track_ix ORDER BY happened_at, is_in DESC) AS was_in
  FROM (
    SELECT * FROM own_changes
    UNION ALL
    SELECT t.playlist_ix, t.listener_ix, t.track_ix, c.happened_at, false
    FROM (SELECT DISTINCT playlist_ix, listener_ix, track_ix FROM own_changes) t
    JOIN numbered_playlists p USING (playlist_ix)
    JOIN lake.playlist_changes c
      ON c.source = p.source AND c.playlist_id = p.playlist_id AND c.listener = p.owner
    WHERE c.change = 'delete'
  )
)
WHERE is_in <> was_in;

CREATE TEMP TABLE own_tracks AS
SELECT listener_ix, playlist_ix, track_ix, added, removed
FROM (
  SELECT *, happened_at AS added,
         lead(happened_at) OVER (
           PARTITION BY playlist_ix, track_ix ORDER BY happened_at, is_in DESC) AS removed
  FROM own_turns
)
WHERE is_in
ORDER BY listener_ix, playlist_ix, track_ix, added;

CREATE TEMP TABLE own_memberships AS
SELECT DISTINCT playlist_ix, track_ix, CAST(added AS DATE) AS added, CAST(removed AS DATE) AS removed
FROM own_tracks;

CREATE TEMP TABLE memberships AS
SELECT * FROM (SELECT DISTINCT * FROM known_memberships UNION ALL SELECT * FROM own_memberships)
ORDER BY playlist_ix, track_ix, added NULLS FIRST, removed NULLS LAST;
