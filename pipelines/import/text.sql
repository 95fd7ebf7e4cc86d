-- What is wrong with text in general, whatever it says. Macros over VARCHAR; NULL stays NULL.

-- Latin-1 or Windows-1252 characters as the bytes they stand for: AsFÃ¢r -> AsFâr. Only where a
-- lead byte is followed by a continuation byte and the whole becomes valid UTF-8.
CREATE TEMP MACRO as_bytes(t) AS
  translate(t, '€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ',
    chr(128) || chr(130) || chr(131) || chr(132) || chr(133) || chr(134) || chr(135) || chr(136) ||
    chr(137) || chr(138) || chr(139) || chr(140) || chr(142) || chr(145) || chr(146) || chr(147) ||
    chr(148) || chr(149) || chr(150) || chr(151) || chr(152) || chr(153) || chr(154) || chr(155) ||
    chr(156) || chr(158) || chr(159));
CREATE TEMP MACRO from_latin1(t) AS
  CASE WHEN regexp_full_match(as_bytes(t), '[\x{00}-\x{FF}]*')
       THEN TRY(decode(unhex(array_to_string(
              list_transform(string_split(as_bytes(t), ''), lambda c: printf('%02X', unicode(c))), ''))))
  END;
CREATE TEMP MACRO decoded(t) AS
  CASE WHEN regexp_matches(t, '[ÂÃ][\x{80}-\x{BF}]|â€[\x{80}-\x{BF}˜™œ“”¦¢]')
       THEN coalesce(from_latin1(t), t) ELSE t END;

CREATE TEMP MACRO unescaped(t) AS
  CASE WHEN regexp_matches(t, '&(amp|lt|gt|quot|apos|nbsp|#0?39|#x27|#34);')
       THEN replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(t,
              '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&#34;', '"'), '&apos;', ''''),
              '&#39;', ''''), '&#039;', ''''), '&#x27;', ''''), '&nbsp;', ' '), '&amp;', '&')
       ELSE t END;

-- Control characters, zero-width spaces, byte-order and direction marks. Joiners stay: Persian
-- words and emoji are spelled with them.
CREATE TEMP MACRO visible(t) AS
  regexp_replace(t,
    '[\x{00}-\x{08}\x{0E}-\x{1F}\x{7F}\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2060}\x{2066}-\x{2069}\x{FEFF}]',
    '', 'g');

CREATE TEMP MACRO trimmed(t) AS
  nullif(regexp_replace(t, '^[\s\x{A0}\x{3000}]+|[\s\x{A0}\x{3000}]+$', '', 'g'), '');

-- Printable ASCII without `&` needs none of the above; most text is that.
CREATE TEMP MACRO may_need_cleaning(t) AS regexp_matches(t, '[^ -%''-~]');

-- The chain goes through lists so that each macro is expanded once.
CREATE TEMP MACRO cleaned(t) AS
  CASE WHEN may_need_cleaning(t)
       THEN list_transform(list_transform(list_transform([t],
              lambda a: decoded(a)), lambda b: unescaped(b)), lambda c: trimmed(visible(c)))[1]
       ELSE nullif(trim(t), '') END;

CREATE TEMP MACRO kinds(list) AS list_filter(list, lambda kind: kind IS NOT NULL);

-- The kinds of repair that `cleaned` makes.
CREATE TEMP MACRO cleanings(t) AS
  CASE WHEN may_need_cleaning(t)
       THEN kinds([
         CASE WHEN decoded(t) <> t THEN 'wrong encoding' END,
         CASE WHEN unescaped(t) <> t THEN 'HTML entity' END,
         CASE WHEN visible(t) <> t THEN 'invisible character' END
       ])
       ELSE CAST([] AS VARCHAR[]) END;

-- A number, or NULL where the source says that it has none.
CREATE TEMP MACRO number_in(t) AS
  CASE WHEN regexp_full_match(trim(t), '[-+0-9.eE]+') THEN TRY_CAST(trim(t) AS DOUBLE) END;
CREATE TEMP MACRO is_none(t) AS t IS NULL OR lower(trim(t)) IN ('', 'na', 'null');

-- A day; a bare year is its 1 January, a bare month its first. NULL for impossible ones.
CREATE TEMP MACRO full_date(t) AS
  CASE WHEN regexp_full_match(trim(t), '\d{4}') THEN trim(t) || '-01-01'
       WHEN regexp_full_match(trim(t), '\d{4}-\d{2}') THEN trim(t) || '-01'
       ELSE trim(t) END;
CREATE TEMP MACRO day_in(t) AS
  CASE WHEN regexp_full_match(full_date(t), '\d{4}-\d{2}-\d{2}')
       THEN TRY_CAST(full_date(t) AS DATE) END;
-- Recorded music begins in 1860.
CREATE TEMP MACRO release_day(t) AS
  CASE WHEN day_in(t) BETWEEN DATE '1860-01-01' AND DATE '2100-01-01' THEN day_in(t) END;
CREATE TEMP MACRO date_repairs(t) AS
  kinds([
    CASE WHEN NOT is_none(t) AND release_day(t) IS NULL THEN 'impossible date'
         WHEN NOT is_none(t) AND full_date(t) <> trim(t) THEN 'date without day' END
  ]);

-- "A ; B" -> [A, B]; empty where nobody is named.
CREATE TEMP MACRO artist_names(t) AS
  kinds(list_transform(string_split(t, ' ; '), lambda name: cleaned(name)));

-- Seconds: missing, or a number of 0 (also missing) to a day.
CREATE TEMP MACRO is_length(t) AS is_none(t) OR coalesce(number_in(t) BETWEEN 0 AND 86400, false);
CREATE TEMP MACRO is_length_ms(t) AS is_none(t) OR coalesce(number_in(t) BETWEEN 0 AND 86400000, false);

-- Text of a file written by R, where NA is no value.
CREATE TEMP MACRO na(t) AS nullif(cleaned(t), 'NA');

-- A number from 0 to `most`; NULL for others.
CREATE TEMP MACRO share_in(t, most) AS CASE WHEN number_in(t) BETWEEN 0 AND most THEN number_in(t) END;
