-- What listeners say of artists, albums, tracks and of their own listens, matched. Runs after
-- catalogue.sql. Filled before by catalogue-keys.ts:
--   said_artists (name, artist_ix): artists that a word names, where the catalogue has them
--   held_albums (artist_ix, album, track_ix): what stands on the albums of artists of whom a word
--     names an album
--   album_keys (name, album_key): of every album in held_albums and in a word

-- ---------------------------------------------------------------- things

CREATE TEMP TABLE words AS
SELECT DISTINCT scope, artist, coalesce(name, '') AS name
FROM (SELECT scope, artist, name FROM lake.blocks UNION SELECT scope, artist, name FROM lake.saves);

CREATE TEMP TABLE said_albums AS
SELECT w.artist, w.name, a.artist_ix, k.album_key,
       CAST(dense_rank() OVER (ORDER BY a.artist_ix, k.album_key) - 1 AS INTEGER) AS album_ix
FROM words w
JOIN said_artists a ON a.name = w.artist
JOIN album_keys k ON k.name = w.name
WHERE w.scope = 'album';

CREATE TEMP TABLE album_tracks AS
SELECT DISTINCT s.album_ix, h.track_ix
FROM held_albums h
JOIN album_keys k ON k.name = h.album
JOIN said_albums s ON s.artist_ix = h.artist_ix AND s.album_key = k.album_key
ORDER BY s.album_ix, h.track_ix;

CREATE TEMP TABLE things AS
SELECT 'artist' AS scope, name AS artist, '' AS name, artist_ix,
       CAST(NULL AS INTEGER) AS album_ix, CAST(NULL AS INTEGER) AS track_ix
FROM said_artists
UNION ALL
SELECT 'album', artist, name, artist_ix, album_ix, NULL FROM said_albums
UNION ALL
SELECT DISTINCT 'track', w.artist, w.name, NULL, NULL, s.track_ix
FROM words w JOIN spelling_tracks s ON s.artist = w.artist AND s.title = w.name
WHERE w.scope = 'track';

-- ---------------------------------------------------------------- words

CREATE TEMP TABLE feedback AS
SELECT DISTINCT listener_ix, track_ix, happened_at, kind, played_ms
FROM lake.feedback JOIN spelling_tracks USING (artist, title) JOIN listeners USING (listener)
ORDER BY listener_ix, happened_at, track_ix, kind, played_ms NULLS FIRST;

CREATE TEMP TABLE blocks AS
SELECT DISTINCT l.listener_ix, b.happened_at, b.scope, t.artist_ix, t.album_ix, t.track_ix, b.until
FROM lake.blocks b
JOIN listeners l USING (listener)
JOIN things t ON t.scope = b.scope AND t.artist = b.artist
             AND t.name = CASE WHEN b.scope = 'artist' THEN '' ELSE coalesce(b.name, '') END
ORDER BY ALL;

CREATE TEMP TABLE saves AS
SELECT DISTINCT l.listener_ix, s.happened_at, s.scope, t.artist_ix, t.album_ix, t.track_ix,
       coalesce(s.saved, true) AS saved
FROM lake.saves s
JOIN listeners l USING (listener)
JOIN things t ON t.scope = s.scope AND t.artist = s.artist
             AND t.name = CASE WHEN s.scope = 'artist' THEN '' ELSE coalesce(s.name, '') END
ORDER BY ALL;

CREATE TEMP TABLE searches AS
SELECT DISTINCT listener_ix, artist_ix, happened_at
FROM lake.searches s JOIN listeners USING (listener) JOIN said_artists a ON a.name = s.query
ORDER BY listener_ix, artist_ix, happened_at;

CREATE TEMP TABLE profiles AS
SELECT DISTINCT listener_ix, happened_at, zone, country, language, picture_url
FROM lake.profiles JOIN listeners USING (listener)
ORDER BY ALL;

-- ---------------------------------------------------------------- listens that say less

CREATE TEMP TABLE skipped_listens AS
SELECT listener_ix, track_ix, listened_at
FROM listens
WHERE played_ms < (SELECT skipped_before_ms FROM settings)
ORDER BY listener_ix, listened_at, track_ix;

CREATE TEMP TABLE exclusions AS
SELECT DISTINCT listener_ix, happened_at, client, since, before, coalesce(lifted, false) AS lifted
FROM lake.exclusions JOIN listeners USING (listener)
ORDER BY ALL;

CREATE TEMP TABLE listen_clients AS
SELECT DISTINCT listener_ix, track_ix, listened_at, client
FROM lake.listens
JOIN listeners USING (listener)
SEMI JOIN (SELECT listener_ix, client FROM exclusions) USING (listener_ix, client)
JOIN spelling_tracks USING (artist, title)
ORDER BY listener_ix, listened_at, track_ix, client;
