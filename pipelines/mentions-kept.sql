-- Documents that were linked before, and would be linked again just so. Views: `earlier_documents`,
-- `earlier_mentions`, `earlier_sentences`, `earlier_readings`, each with a column `part` of where it
-- is from; `before.artists`, `before.tracks`: the catalogue that all of them were linked with.

-- Indices follow the ids in both, so what is in order stays in order.
CREATE TEMP TABLE same_artists AS
SELECT b.artist_ix AS before_ix, c.artist_ix
FROM before.artists b JOIN catalogue.artists c USING (artist_id);

CREATE TEMP TABLE same_tracks AS
SELECT b.track_ix AS before_ix, c.track_ix
FROM before.tracks b JOIN catalogue.tracks c USING (track_id)
WHERE b.track_ix IN (SELECT track_ix FROM earlier_mentions);

-- Of several that are the same one is enough.
CREATE TEMP TABLE kept AS
SELECT t.document_ix, min(d.part) AS part, CAST(NULL AS INTEGER) AS before_ix
FROM to_read t
JOIN earlier_documents d USING (document_id, source, kind)
JOIN earlier_readings r ON r.part = d.part AND r.document_ix = d.document_ix AND r.read = t.read
GROUP BY t.document_ix;

UPDATE kept SET before_ix = d.document_ix
FROM earlier_documents d JOIN to_read t USING (document_id, source, kind)
WHERE t.document_ix = kept.document_ix AND d.part = kept.part;

CREATE TEMP TABLE kept_readings AS
SELECT k.document_ix, r.read, r.words, r.last_names, r.candidates
FROM kept k JOIN earlier_readings r ON r.part = k.part AND r.document_ix = k.before_ix;

CREATE TEMP TABLE asked_before AS
SELECT DISTINCT unnest(candidates) AS artist_ix FROM kept_readings;
