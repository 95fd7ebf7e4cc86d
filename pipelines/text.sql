-- What was known of texts, tags and playlists. Parameters are in the one-row table `cut`:
-- as_of DATE (null: everything is known, dated or not).

CREATE TEMP TABLE known_tags AS
SELECT artist_ix, tag, CAST(sum(taggers) AS INTEGER) AS taggers
FROM catalogue.artist_tags CROSS JOIN cut
WHERE as_of IS NULL OR tagged < as_of
GROUP BY artist_ix, tag
ORDER BY artist_ix, tag;

-- An artist's texts, with the albums that they may name.
CREATE TEMP TABLE known_texts AS
SELECT t.artist_ix, t.source, t.text_id
FROM catalogue.texts t CROSS JOIN cut
WHERE as_of IS NULL OR t.published < as_of
ORDER BY t.artist_ix, t.source, t.text_id;

CREATE TEMP TABLE artist_albums AS
SELECT artist_ix, list(album ORDER BY album) AS albums
FROM (SELECT DISTINCT artist_ix, album FROM catalogue.tracks WHERE album IS NOT NULL)
WHERE artist_ix IN (SELECT artist_ix FROM known_texts)
GROUP BY artist_ix;

CREATE TEMP TABLE known_memberships AS
SELECT DISTINCT playlist_ix, track_ix
FROM catalogue.memberships CROSS JOIN cut
WHERE as_of IS NULL OR added < as_of;

-- A playlist is known from its first track on.
CREATE TEMP TABLE known_playlists AS
SELECT p.playlist_ix, p.name, p.description
FROM catalogue.playlists p CROSS JOIN cut
WHERE as_of IS NULL OR p.playlist_ix IN (SELECT playlist_ix FROM known_memberships)
ORDER BY p.playlist_ix;
