-- What was found in the documents of `kept`, under the numbers of now.

INSERT INTO documents
SELECT k.document_ix, '', '', '', NULL, d.sentences
FROM kept k JOIN earlier_documents d ON d.part = k.part AND d.document_ix = k.before_ix;

INSERT INTO mentions
SELECT k.document_ix, a.artist_ix, m.album, t.track_ix,
       m.confidence, m.about, m.mentions, m.sentences, m.sentiment
FROM kept k
JOIN earlier_mentions m ON m.part = k.part AND m.document_ix = k.before_ix
JOIN same_artists a ON a.before_ix = m.artist_ix
LEFT JOIN same_tracks t ON t.before_ix = m.track_ix;

INSERT INTO sentences
SELECT k.document_ix, a.artist_ix, s.nth, s.albums, s.confidence, s.sentence
FROM kept k
JOIN earlier_sentences s ON s.part = k.part AND s.document_ix = k.before_ix
JOIN same_artists a ON a.before_ix = s.artist_ix;

INSERT INTO readings
SELECT r.document_ix, r.read, r.words, r.last_names, coalesce(c.candidates, [])
FROM kept_readings r
SEMI JOIN kept k ON k.document_ix = r.document_ix
LEFT JOIN (
  SELECT document_ix, list(a.artist_ix ORDER BY a.artist_ix) AS candidates
  FROM (SELECT document_ix, unnest(candidates) AS before_ix FROM kept_readings)
  JOIN same_artists a USING (before_ix)
  GROUP BY document_ix
) c ON c.document_ix = r.document_ix;
