-- The documents to read, oldest first: articles in prose, the newest row of each id; and texts, whose
-- subjects are known. Parameters are in the one-row table `asked`: fetched_on DATE (null: of all days).

CREATE TEMP VIEW articles AS
SELECT a.* FROM lake.articles a CROSS JOIN asked
WHERE fetched_on IS NULL OR CAST(a.fetched AS DATE) = fetched_on;

CREATE TEMP TABLE to_read AS
SELECT CAST(row_number() OVER (ORDER BY published, kind, document_id, source) - 1 AS INTEGER)
         AS document_ix, d.*,
       -- All that is read of it: what has the same is the same document.
       md5(concat_ws(chr(31), coalesce(language, ''), coalesce(artist_id, ''), body)) AS read
FROM (
  SELECT article_id AS document_id, source, 'article' AS kind, published, language,
         CAST(NULL AS INTEGER) AS subject,
         CASE WHEN title IS NULL THEN body ELSE title || chr(10) || body END AS body
  FROM (
    FROM articles
    QUALIFY row_number() OVER (
      PARTITION BY article_id ORDER BY fetched DESC, published, source, feed, body) = 1
  )
  WHERE kind = 'prose'
  UNION ALL
  -- Several rows of one text are one document.
  SELECT t.text_id, t.source, 'text', min(CAST(t.published AS TIMESTAMP)), NULL, min(t.artist_ix),
         min(l.body)
  FROM catalogue.texts t
  JOIN lake.texts l ON l.source = t.source AND l.text_id = t.text_id
  GROUP BY t.text_id, t.source
) d
LEFT JOIN (SELECT artist_ix, artist_id FROM catalogue.artists) ON artist_ix = subject
ORDER BY document_ix;
