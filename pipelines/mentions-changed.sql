-- Takes out of `kept` the documents that another catalogue may link otherwise. Tables, with words as
-- hashes: `changed_spellings` (phrase, words), `changed_works` (artist_ix of before, words),
-- `changed_last_names` (word).

-- Of each spelling the word that is in the fewest documents leads to those that may hold it.
CREATE TEMP TABLE word_documents AS
SELECT word, document_ix
FROM (SELECT document_ix, unnest(words) AS word FROM kept_readings)
WHERE word IN (SELECT unnest(words) FROM changed_spellings);

CREATE TEMP TABLE leading_words AS
SELECT phrase, any_value(words) AS words, arg_min(word, (documents, word)) AS word
FROM (SELECT phrase, words, unnest(words) AS word FROM changed_spellings)
LEFT JOIN (SELECT word, count(*) AS documents FROM word_documents GROUP BY word) USING (word)
GROUP BY phrase
-- What has a word that no document has is in none.
HAVING count(*) = count(documents);

CREATE TEMP TABLE touched AS
SELECT d.document_ix
FROM leading_words l JOIN word_documents d USING (word)
JOIN kept_readings r ON r.document_ix = d.document_ix
WHERE list_has_all(r.words, l.words)
UNION
SELECT document_ix FROM (SELECT document_ix, unnest(last_names) AS word FROM kept_readings)
WHERE word IN (FROM changed_last_names)
UNION
SELECT r.document_ix
FROM (SELECT document_ix, words, unnest(candidates) AS artist_ix FROM kept_readings) r
JOIN changed_works w USING (artist_ix)
WHERE list_has_all(r.words, w.words);

DELETE FROM kept WHERE document_ix IN (FROM touched);
