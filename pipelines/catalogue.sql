-- The catalogue: the lake's tables with artists, tracks and listeners matched.
-- Filled by catalogue.ts before this runs:
--   distinct_names (ix, name): every artist name that a recording, text, play or tag gives
--   name_keys (ix, lead, artist_key, other_key): its keys
--   distinct_spellings (ix, artist, title, recordings, listens, liked): every pair of artist and
--     title in the lake's listens, of lead artist and title in its recordings, and in what listeners
--     said; how many have it, and how many said so that they like it
--   spelling_keys (ix, lead, artist_key, other_key, featured, shown, track_key, work_key, stripped)
--   settings: one row of options: min_taggers, max_tag_genres
-- Keys are joined by ix, never by the names themselves.
-- Every choice has an order that ends in text or an id, so that neither the order of the input nor
-- the number of threads shows in the output.

-- ---------------------------------------------------------------- artists

-- Whoever is spelled "VIXX (빅스)" somewhere is VIXX where only "빅스" is written.
CREATE TEMP TABLE aliases AS
SELECT other_key, arg_min(artist_key, (-uses, artist_key)) AS artist_key
FROM (
  SELECT other_key, artist_key, count(*) AS uses
  FROM (SELECT other_key, artist_key FROM name_keys
        UNION ALL
        SELECT other_key, artist_key
        FROM spelling_keys JOIN distinct_spellings USING (ix) WHERE recordings + listens > 0)
  WHERE other_key IS NOT NULL
  GROUP BY other_key, artist_key
)
GROUP BY other_key;

CREATE TEMP TABLE names AS
SELECT n.name, k.lead, coalesce(a.artist_key, k.artist_key) AS artist_key
FROM distinct_names n
JOIN name_keys k USING (ix)
LEFT JOIN aliases a ON a.other_key = k.artist_key;

CREATE TEMP TABLE spellings AS
SELECT s.artist, s.title, s.recordings, s.listens, s.liked, k.lead,
       coalesce(a.artist_key, k.artist_key) AS artist_key,
       k.featured, k.shown, k.track_key, k.work_key, k.stripped
FROM distinct_spellings s
JOIN spelling_keys k USING (ix)
LEFT JOIN aliases a ON a.other_key = k.artist_key;

CREATE TEMP TABLE recording_names AS
SELECT source, recording_id, unnest(artists) AS name, generate_subscripts(artists, 1) AS position
FROM lake.recordings;

-- The best spelling: of catalogues before texts, plays, tags, listens and words of liking; the most
-- frequent.
CREATE TEMP TABLE artist_spellings AS
SELECT n.artist_key, n.lead AS name, 0 AS rank, count(*) AS uses
FROM recording_names r JOIN names n USING (name) WHERE r.position > 1 GROUP BY ALL
UNION ALL
SELECT n.artist_key, n.lead, 1, count(*)
FROM lake.texts t JOIN names n ON n.name = t.artist GROUP BY ALL
UNION ALL
SELECT n.artist_key, n.lead, 2, count(*)
FROM lake.artist_plays p JOIN names n ON n.name = p.artist GROUP BY ALL
UNION ALL
SELECT n.artist_key, n.lead, 3, count(*)
FROM lake.artist_tags t JOIN names n ON n.name = t.artist GROUP BY ALL
UNION ALL
SELECT artist_key, lead, 4, sum(listens) FROM spellings WHERE listens > 0 GROUP BY ALL
UNION ALL
SELECT artist_key, lead, 5, sum(liked) FROM spellings WHERE liked > 0 GROUP BY ALL
UNION ALL
SELECT artist_key, lead, 0, sum(recordings) FROM spellings WHERE recordings > 0 GROUP BY ALL;

CREATE TEMP TABLE artists AS
SELECT CAST(row_number() OVER (ORDER BY artist_id) - 1 AS INTEGER) AS artist_ix, *
FROM (
  SELECT 'a' || left(sha256(artist_key), 15) AS artist_id,
         arg_min(name, (rank, -uses, name)) AS name,
         artist_key,
         min(rank) = 0 AS in_catalogue
  FROM (SELECT artist_key, name, rank, CAST(sum(uses) AS BIGINT) AS uses
        FROM artist_spellings GROUP BY ALL)
  GROUP BY artist_key
)
ORDER BY artist_ix;

CREATE TEMP TABLE name_artists AS
SELECT n.name, a.artist_ix, a.name AS shown FROM names n JOIN artists a USING (artist_key);

-- ---------------------------------------------------------------- tracks

CREATE TEMP TABLE matched_recordings AS
SELECT s.artist_key, s.track_key, s.stripped, r.*
FROM lake.recordings r
JOIN spellings s ON s.artist = r.artists[1] AND s.title = r.title;

CREATE TEMP TABLE title_spellings AS
SELECT artist_key, track_key, work_key, shown AS title, stripped, featured, 0 AS rank,
       recordings AS uses
FROM spellings WHERE recordings > 0
UNION ALL
SELECT artist_key, track_key, work_key, shown, stripped, featured, 1, listens
FROM spellings WHERE listens > 0
UNION ALL
SELECT artist_key, track_key, work_key, shown, stripped, featured, 2, liked
FROM spellings WHERE liked > 0;

-- The best title: a catalogue's before a listener's, the plainest, the most frequent.
CREATE TEMP TABLE track_keys AS
SELECT CAST(row_number() OVER (ORDER BY track_id) - 1 AS INTEGER) AS track_ix,
       CAST(dense_rank() OVER (ORDER BY work_id) - 1 AS INTEGER) AS work_ix, *
FROM (
  SELECT 't' || left(sha256(artist_key || chr(31) || track_key), 15) AS track_id,
         sha256(artist_key || chr(31) || work_key) AS work_id,
         artist_key, track_key, title, featured, in_catalogue
  FROM (
    SELECT artist_key, track_key, min(work_key) AS work_key,
           arg_min(title, (rank, stripped, -uses, title)) AS title,
           arg_min(featured, (rank, stripped, -uses, title, CAST(featured AS VARCHAR))) AS featured,
           min(rank) = 0 AS in_catalogue
    FROM (SELECT * REPLACE (CAST(sum(uses) AS BIGINT) AS uses) FROM title_spellings GROUP BY ALL)
    GROUP BY artist_key, track_key
  )
);

CREATE TEMP TABLE recordings AS
SELECT source, recording_id, min(track_ix) AS track_ix
FROM matched_recordings JOIN track_keys USING (artist_key, track_key)
GROUP BY source, recording_id
ORDER BY source, recording_id;

-- Of a track's recordings the chosen one is the plainest, then the most popular, then the first
-- known. Numbers are the (lower) median, so that they are values that some source gave.
CREATE TEMP TABLE merged AS
SELECT track_ix,
       arg_min({'source': source, 'recording_id': recording_id}, preference) AS chosen,
       arg_min(album, preference) FILTER (album IS NOT NULL) AS album,
       arg_min(length_s, preference) FILTER (length_s IS NOT NULL) AS length_s,
       min(released) AS released,
       max(popularity) AS popularity,
       list_sort(list_distinct(flatten(list(coalesce(genres, []))))) AS genres,
       quantile_disc(danceability, 0.5) AS danceability,
       quantile_disc(energy, 0.5) AS energy,
       quantile_disc(speechiness, 0.5) AS speechiness,
       quantile_disc(acousticness, 0.5) AS acousticness,
       quantile_disc(instrumentalness, 0.5) AS instrumentalness,
       quantile_disc(liveness, 0.5) AS liveness,
       quantile_disc(valence, 0.5) AS valence,
       quantile_disc(loudness, 0.5) AS loudness,
       quantile_disc(tempo, 0.5) AS tempo,
       arg_min(musical_key, preference) FILTER (musical_key IS NOT NULL) AS musical_key,
       arg_min(mode, preference) FILTER (mode IS NOT NULL) AS mode,
       min(known_from) AS known_from
FROM (
  SELECT track_ix, m.*,
         (m.stripped, -coalesce(popularity, -1), coalesce(known_from, DATE '9999-12-31'), m.source,
          m.recording_id, m.title, coalesce(album, '')) AS preference
  FROM matched_recordings m JOIN track_keys USING (artist_key, track_key)
)
GROUP BY track_ix;

-- Names to show: the lead, then the guests in the order of the chosen recording, else as typed.
CREATE TEMP TABLE shown_artists AS
SELECT track_ix, list(name ORDER BY position, name) AS artists
FROM (
  SELECT track_ix, name, min(position) AS position
  FROM (
    SELECT track_ix, a.name, 0 AS position
    FROM track_keys JOIN artists a USING (artist_key)
    UNION ALL
    SELECT m.track_ix, n.shown, r.position
    FROM merged m
    JOIN recording_names r
      ON r.source = m.chosen.source AND r.recording_id = m.chosen.recording_id AND r.position > 1
    JOIN name_artists n USING (name)
    UNION ALL
    SELECT track_ix, unnest(featured), generate_subscripts(featured, 1)
    FROM track_keys WHERE NOT in_catalogue
  )
  GROUP BY track_ix, name
)
GROUP BY track_ix;

-- ---------------------------------------------------------------- genres

-- An artist's genres are those of at least half of the artist's tracks that have any; where no
-- genre is so frequent, the most frequent one.
CREATE TEMP TABLE artist_genres AS
WITH counted AS (
  SELECT artist_key, genre, count(*) AS tracks
  FROM (SELECT artist_key, unnest(genres) AS genre FROM merged JOIN track_keys USING (track_ix))
  GROUP BY artist_key, genre
), sized AS (
  SELECT artist_key, count(*) AS all_tracks
  FROM merged JOIN track_keys USING (track_ix) WHERE len(genres) > 0 GROUP BY artist_key
)
SELECT artist_key, list(genre ORDER BY genre) AS genres
FROM (
  SELECT artist_key, genre, 2 * tracks >= all_tracks AS usual,
         row_number() OVER (PARTITION BY artist_key ORDER BY tracks DESC, genre) AS place
  FROM counted JOIN sized USING (artist_key)
)
WHERE usual OR place = 1
GROUP BY artist_key;

-- Where the catalogue knows none: the artist's tags that are genres.
CREATE TEMP TABLE tag_genres AS
SELECT artist_key, list(tag ORDER BY tag) AS genres
FROM (
  SELECT artist_key, tag,
         row_number() OVER (PARTITION BY artist_key ORDER BY taggers DESC, tag) AS place
  FROM (
    SELECT artist_key, tag, count(DISTINCT (t.source, t.listener)) AS taggers
    FROM lake.artist_tags t JOIN names n ON n.name = t.artist
    WHERE length(tag) <= 30
      AND (tag IN (SELECT unnest(genres) FROM merged)
           OR regexp_matches(tag, '(^|[ -])(rock|pop|metal|punk|hardcore|metalcore|deathcore|grindcore|emo|screamo|grunge|shoegaze|indie|alternative|folk|country|americana|bluegrass|blues|soul|funk|disco|motown|gospel|jazz|bebop|swing|bossa nova|samba|mpb|sertanejo|forro|salsa|cumbia|bachata|merengue|tango|flamenco|reggae|reggaeton|ska|dub|dancehall|hip[ -]?hop|rap|r&b|rnb|trap|grime|electronic|electronica|electro|electroclash|techno|house|trance|dubstep|drum (and|n|&) bass|dnb|breakbeat|idm|ambient|downtempo|chillout|lounge|trip[ -]?hop|new wave|darkwave|synthpop|synth-pop|industrial|ebm|gothic|goth|classical|baroque|opera|soundtrack|score|new age|noise|drone|post-rock|math rock|singer-songwriter|dangdut|kroncong|k-pop|j-pop|j-rock|kpop|jpop|jrock|visual kei|anime|vocaloid|latin|afrobeat|celtic|chanson|schlager|dance|edm|psychedelic|krautrock|stoner|doom|britpop|eurodance|rockabilly|doo-wop|world|christian|worship)$'))
    GROUP BY artist_key, tag
    HAVING taggers >= (SELECT min_taggers FROM settings)
  )
)
WHERE place <= (SELECT max_tag_genres FROM settings)
GROUP BY artist_key;

CREATE TEMP TABLE tracks AS
SELECT k.track_ix, k.track_id, k.work_ix, a.artist_ix, k.title, s.artists, m.album, m.length_s,
       m.released, m.popularity,
       CASE WHEN len(m.genres) > 0 THEN m.genres
            ELSE coalesce(ag.genres, tg.genres, CAST([] AS VARCHAR[])) END AS genres,
       m.danceability, m.energy, m.speechiness, m.acousticness, m.instrumentalness, m.liveness,
       m.valence, m.loudness, m.tempo, m.musical_key, m.mode, m.known_from
FROM track_keys k
JOIN artists a USING (artist_key)
JOIN shown_artists s USING (track_ix)
LEFT JOIN merged m USING (track_ix)
LEFT JOIN artist_genres ag USING (artist_key)
LEFT JOIN tag_genres tg USING (artist_key)
ORDER BY k.track_ix;

-- ---------------------------------------------------------------- listens

CREATE TEMP TABLE listeners AS
SELECT CAST(row_number() OVER (ORDER BY listener) - 1 AS INTEGER) AS listener_ix, listener
FROM (SELECT listener FROM lake.listens
      UNION SELECT listener FROM lake.feedback
      UNION SELECT listener FROM lake.blocks
      UNION SELECT listener FROM lake.exclusions
      UNION SELECT listener FROM lake.searches
      UNION SELECT listener FROM lake.saves
      UNION SELECT listener FROM lake.playlist_changes WHERE listener IS NOT NULL
      UNION SELECT listener FROM lake.profiles)
ORDER BY listener_ix;

CREATE TEMP TABLE spelling_tracks AS
SELECT s.artist, s.title, k.track_ix
FROM spellings s JOIN track_keys k USING (artist_key, track_key);

-- A listener can play a track once at an instant; sources that overlap say it twice.
CREATE TEMP TABLE listens AS
SELECT listener_ix, track_ix, listened_at, min(zone) AS zone, min(language) AS language,
       max(played_ms) AS played_ms
FROM lake.listens
JOIN spelling_tracks USING (artist, title)
JOIN listeners USING (listener)
GROUP BY listener_ix, track_ix, listened_at
ORDER BY listener_ix, listened_at, track_ix;

-- ---------------------------------------------------------------- plays, tags, texts

CREATE TEMP TABLE artist_plays AS
SELECT person_ix, artist_ix, CAST(least(sum(plays), 2147483647) AS INTEGER) AS plays,
       min(known_from) AS known_from
FROM lake.artist_plays p
JOIN name_artists n ON n.name = p.artist
JOIN (
  SELECT source, listener,
         CAST(row_number() OVER (ORDER BY listener, source) - 1 AS INTEGER) AS person_ix
  FROM (SELECT DISTINCT source, listener FROM lake.artist_plays)
) USING (source, listener)
GROUP BY person_ix, artist_ix
ORDER BY person_ix, artist_ix;

CREATE TEMP TABLE artist_tags AS
SELECT artist_ix, tag, tagged, CAST(count(DISTINCT (source, listener)) AS INTEGER) AS taggers
FROM lake.artist_tags t JOIN name_artists n ON n.name = t.artist
GROUP BY artist_ix, tag, tagged
ORDER BY artist_ix, tag, tagged NULLS FIRST;

CREATE TEMP TABLE texts AS
SELECT text_id, source, artist_ix, published
FROM lake.texts t JOIN name_artists n ON n.name = t.artist
ORDER BY artist_ix, text_id, source, published;
