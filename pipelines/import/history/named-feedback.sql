-- Feedback with the names of what it is about. ListenBrainz says of which recording, by the id of
-- its own (msid) or of MusicBrainz (mbid); the listens of the same archive have both and the names.
-- Of several spellings the first counts.
CREATE TEMP TABLE unnamed AS
SELECT * FROM history_rows WHERE kind = 'feedback' AND artist IS NULL;

CREATE TEMP TABLE spellings AS
SELECT DISTINCT msid, mbid, artist, title
FROM history_rows
WHERE kind = 'listen' AND EXISTS (FROM unnamed)
  AND (msid IN (SELECT msid FROM unnamed WHERE msid IS NOT NULL)
       OR mbid IN (SELECT mbid FROM unnamed WHERE mbid IS NOT NULL));

CREATE TEMP TABLE named_by_id AS
WITH
  by_msid AS (
    SELECT msid, min({'artist': artist, 'title': title}) AS name FROM spellings
    WHERE msid IS NOT NULL GROUP BY msid
  ),
  by_mbid AS (
    SELECT mbid, min({'artist': artist, 'title': title}) AS name FROM spellings
    WHERE mbid IS NOT NULL GROUP BY mbid
  )
SELECT u.*, coalesce(s.name, b.name) AS name
FROM unnamed u
LEFT JOIN by_msid s ON s.msid = u.msid
LEFT JOIN by_mbid b ON b.mbid = u.mbid;

-- Tracks whose newest listen says that they are loved, where no row says when: by that listen they
-- were. Of two states of one listen none counts before love.
CREATE TEMP VIEW loved_when_heard AS
SELECT newest.heard_at AS happened_at, 'love' AS said, CAST(NULL AS INTEGER) AS played_ms, artist, title
FROM (
  SELECT artist, title, max({'heard_at': happened_at, 'said': said}) AS newest
  FROM history_rows WHERE kind = 'listen' AND said IS NOT NULL
  GROUP BY artist, title
) h
WHERE newest.said = 'love' AND NOT EXISTS (
  FROM history_rows f
  WHERE f.kind = 'feedback' AND f.said = 'love' AND f.artist = h.artist AND f.title = h.title
);

CREATE TEMP VIEW named_feedback AS
SELECT happened_at, said, played_ms, artist, title FROM history_rows
WHERE kind = 'feedback' AND artist IS NOT NULL
UNION ALL
SELECT happened_at, said, played_ms, name.artist, name.title FROM named_by_id WHERE name IS NOT NULL
UNION ALL
FROM loved_when_heard;

CREATE TEMP TABLE nameless_feedback AS
SELECT f.file, n.line, 'a recording that no listen names' AS reason, n.raw
FROM named_by_id n JOIN converted_files f USING (file_ix)
WHERE n.name IS NULL;
