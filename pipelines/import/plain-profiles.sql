-- Parsed profiles, usable or with the reason why not.
SELECT row, CAST(instant AS TIMESTAMP) AS happened_at, listener, z.value AS zone, c.value AS country,
       l.value AS language, p.value AS picture_url,
       coalesce(fault, CASE
         WHEN listener IS NULL THEN 'missing listener'
         WHEN instant IS NULL THEN 'bad date'
         WHEN instant < TIMESTAMPTZ '1990-01-01' OR instant >= TIMESTAMPTZ '2100-01-01' THEN 'impossible date'
         WHEN s.zone IS NOT NULL AND z.value IS NULL THEN 'unknown time zone'
         WHEN s.country IS NOT NULL AND c.value IS NULL THEN 'unknown country'
         WHEN s.picture_url IS NOT NULL AND p.value IS NULL THEN 'bad picture address'
       END) AS reason,
       kinds([
         CASE WHEN s.language IS NOT NULL AND l.value IS NULL THEN 'unknown language' END
       ]) AS repairs
FROM (
  SELECT row, fault, trimmed(listener) AS listener,
         nullif(trim(zone), '') AS zone, zone AS zone_text,
         nullif(trim(country), '') AS country, country AS country_text,
         nullif(trim(language), '') AS language, language AS language_text,
         nullif(trim(picture_url), '') AS picture_url, picture_url AS picture_url_text,
         CASE WHEN regexp_full_match(trim("at"), '\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?')
              THEN TRY_CAST(trim("at") AS TIMESTAMPTZ) END AS instant
  FROM profiles
) s
LEFT JOIN profiles_zone_known z ON z.text = s.zone_text
LEFT JOIN profiles_country_known c ON c.text = s.country_text
LEFT JOIN profiles_language_known l ON l.text = s.language_text
LEFT JOIN profiles_picture_url_known p ON p.text = s.picture_url_text
