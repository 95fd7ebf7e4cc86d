-- Parsed listens, usable or with the reason why not. {view} is the view of the source.
SELECT row, CAST(instant AS TIMESTAMP) AS listened_at, listener, z.value AS zone, o.value AS offset_zone,
       l.value AS language, artist, title,
       coalesce(fault, CASE
         WHEN listener IS NULL THEN 'missing listener'
         WHEN instant IS NULL THEN 'bad date'
         WHEN instant < TIMESTAMPTZ '1990-01-01' OR instant >= TIMESTAMPTZ '2100-01-01' THEN 'impossible date'
         WHEN artist IS NULL THEN 'missing artist'
         WHEN title IS NULL THEN 'missing title'
         WHEN s.zone IS NOT NULL AND z.value IS NULL THEN 'unknown time zone'
       END) AS reason,
       list_concat(name_repairs, kinds([
         CASE WHEN s.language IS NOT NULL AND l.value IS NULL THEN 'unknown language' END
       ])) AS repairs
FROM (
  SELECT row, fault, trimmed(listener) AS listener, nullif(trim(zone), '') AS zone, zone AS zone_text,
         utc_offset_s, nullif(trim(language), '') AS language, language AS language_text,
         artist, title, name_repairs,
         CASE WHEN regexp_full_match(trim(listened_at), '\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?')
              THEN TRY_CAST(trim(listened_at) AS TIMESTAMPTZ) END AS instant
  FROM {view}
) s
LEFT JOIN zone_known z ON z.text = s.zone_text
LEFT JOIN language_known l ON l.text = s.language_text
LEFT JOIN utc_offset_s_known o ON o.text = s.utc_offset_s
