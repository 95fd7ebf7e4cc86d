-- What all formats of listening histories share. The macros of text.sql are there.

-- An instant as exports write it: Unix time in seconds or, from 1e11 on (the year 5138), in
-- milliseconds, with fractions; ISO 8601, in UTC where it has no offset. NULL for others.
CREATE TEMP MACRO unix_instant(n) AS
  TRY(make_timestamptz(CAST(round(CASE WHEN abs(n) >= 1e11 THEN n / 1e3 ELSE n END * 1e6) AS BIGINT)));
CREATE TEMP MACRO instant_of(t) AS
  CASE WHEN regexp_full_match(trim(t), '-?\d{1,14}(\.\d*)?') THEN unix_instant(TRY_CAST(trim(t) AS DOUBLE))
       WHEN regexp_full_match(trim(t), '\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?( ?(Z|UTC)|[+-]\d\d(:?\d\d)?)?')
         THEN TRY_CAST(regexp_replace(replace(trim(t), ',', '.'), ' ?UTC$', 'Z') AS TIMESTAMPTZ) END;

-- last.fm's own way, UTC: "11 Jun 2024, 20:35".
CREATE TEMP MACRO lastfm_instant(t) AS
  CAST(try_strptime(replace(trim(t), ',', ''), '%d %b %Y %H:%M') AS TIMESTAMPTZ);

-- An object without those of its members that are null; NULL where none is left.
CREATE TEMP MACRO stated(object) AS
  nullif(CAST(json_merge_patch('{}', object) AS VARCHAR), '{}');
