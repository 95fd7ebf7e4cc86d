-- Names as people type them into a tweet: links, hashtags and stray quotation marks are not part of
-- a name. Each step is a pair of artist and title; the kinds of repair are what has changed.

-- A link in brackets goes with its brackets and what announces it: "(feat. http://t.co/x)".
CREATE TEMP MACRO without_links(t) AS
  CASE WHEN contains(t, '://') THEN trimmed(regexp_replace(regexp_replace(t,
         '(?i)\s*[(\[](feat\.?|ft\.?)?\s*https?://[^)\]]*[)\]]?', '', 'g'),
         '(?i)\s*(-\s*)?https?://\S*', '', 'g'))
       ELSE t END;

-- Hashtags after a name are remarks ("Pixies #coverlove") unless a word or a comma joins them to it
-- ("with #WagakkiBand", "Non, #jeneregretterien"); "#4" is a number.
CREATE TEMP MACRO without_hashtags(t) AS
  CASE WHEN contains(t, '#')
            AND NOT regexp_matches(t, '(?i)(\b(with|cover|feat|ft|and|vs|x)\.?|[&,])\s+#\S+$')
       THEN trimmed(regexp_replace(t, '(\s+#[^\s#\d][^\s#]*)+$', ''))
       ELSE t END;
CREATE TEMP MACRO without_hash(t) AS
  CASE WHEN regexp_matches(t, '^#[^\s#]') THEN t[2:] ELSE t END;

CREATE TEMP MACRO odd_quotes(t) AS (length(t) - length(replace(t, '"', ''))) % 2 = 1;

CREATE TEMP TABLE nowplaying_names AS
WITH
  clean AS (
    SELECT *, cleaned(artist) AS artist1, cleaned(track) AS title1 FROM nowplaying
  ),
  unlinked AS (
    SELECT *, without_links(artist1) AS artist2, without_links(title1) AS title2 FROM clean
  ),
  -- "http://t.co/... | Rolling Stones---Ruby Tuesday": both names are in the title.
  placed AS (
    SELECT *,
           artist2 IS NULL AND regexp_matches(title2, '^.*\S\s*---\s*\S.*$') AS displaced,
           CASE WHEN displaced THEN trimmed(regexp_extract(title2, '^(.*?)\s*---', 1))
                ELSE artist2 END AS artist3,
           CASE WHEN displaced THEN trimmed(regexp_extract(title2, '---\s*(.*)$', 1))
                ELSE title2 END AS title3
    FROM unlinked
  ),
  untagged AS (
    SELECT *, without_hash(without_hashtags(artist3)) AS artist4,
           CASE WHEN starts_with(artist3, '#') THEN without_hash(without_hashtags(title3))
                ELSE without_hashtags(title3) END AS title4
    FROM placed
  ),
  -- Artist" | "Title: the quotation marks were around both.
  unquoted AS (
    SELECT *,
           ends_with(artist4, '"') AND starts_with(title4, '"')
             AND odd_quotes(artist4) AND odd_quotes(title4) AS torn,
           CASE WHEN torn THEN trimmed(artist4[:-2]) ELSE artist4 END AS artist5,
           CASE WHEN torn THEN trimmed(title4[2:]) ELSE title4 END AS title5
    FROM untagged
  ),
  once AS (
    SELECT *,
           CASE WHEN starts_with(lower(title5), lower(artist5) || ' - ')
                THEN coalesce(trimmed(title5[length(artist5) + 4:]), title5)
                ELSE title5 END AS title6
    FROM unquoted
  )
SELECT row, fault, timestamp_utc AS listened_at, "user" AS listener, time_zone AS zone,
       utc_offset_s, ui_lang AS language, artist5 AS artist, title6 AS title,
       list_concat(cleanings(once.artist), cleanings(track), kinds([
         CASE WHEN artist2 IS DISTINCT FROM artist1 THEN 'link in a name' END,
         CASE WHEN title2 IS DISTINCT FROM title1 THEN 'link in a name' END,
         CASE WHEN displaced THEN 'artist in the title field' END,
         CASE WHEN artist4 IS DISTINCT FROM artist3 THEN 'hashtag in a name' END,
         CASE WHEN title4 IS DISTINCT FROM title3 THEN 'hashtag in a name' END,
         CASE WHEN torn THEN 'stray quotation mark' END,
         CASE WHEN title6 IS DISTINCT FROM title5 THEN 'artist repeated in the title' END
       ])) AS name_repairs
FROM once;

-- "Pompeii | Bastille": exchanged where the file has the two the other way round as well and knows
-- more titles by that artist than by this one.
CREATE TEMP TABLE exchanged AS
WITH
  pairs AS (
    SELECT DISTINCT lower(artist) AS artist, lower(title) AS title FROM nowplaying_names
  ),
  numbers AS (SELECT artist, count(*) AS titles FROM pairs GROUP BY artist)
SELECT p.artist, p.title
FROM pairs p
JOIN pairs q ON q.artist = p.title AND q.title = p.artist AND p.artist <> p.title
JOIN numbers n ON n.artist = p.artist
JOIN numbers m ON m.artist = q.artist
WHERE m.titles > n.titles;

CREATE TEMP VIEW nowplaying_listens AS
SELECT n.* REPLACE (
         CASE WHEN e.artist IS NULL THEN n.artist ELSE n.title END AS artist,
         CASE WHEN e.artist IS NULL THEN n.title ELSE n.artist END AS title,
         CASE WHEN e.artist IS NULL THEN name_repairs
              ELSE list_append(name_repairs, 'artist and title exchanged') END AS name_repairs)
FROM nowplaying_names n
LEFT JOIN exchanged e ON e.artist = lower(n.artist) AND e.title = lower(n.title);
