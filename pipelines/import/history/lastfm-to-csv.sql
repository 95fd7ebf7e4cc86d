-- benjaminbenben.com/lastfm-to-csv: to the minute. What is being played just now has no date.
SELECT row, fault, 'listen' AS kind, lastfm_instant(date) AS instant, artist, track AS title, album,
       CAST(NULL AS DOUBLE) AS played_ms, CAST(NULL AS VARCHAR) AS client, CAST(NULL AS VARCHAR) AS info,
       CAST(NULL AS VARCHAR) AS said, CAST(NULL AS VARCHAR) AS msid, CAST(NULL AS VARCHAR) AS mbid,
       CASE WHEN trim(coalesce(date, '')) = '' AND fault IS NULL THEN 'playing just now' END AS unsuitable
FROM given
