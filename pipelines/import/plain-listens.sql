CREATE TEMP VIEW named_plays AS
SELECT row, fault, listened_at, listener, zone, CAST(NULL AS VARCHAR) AS utc_offset_s, language,
       cleaned(plays.artist) AS artist, cleaned(plays.title) AS title,
       list_concat(cleanings(plays.artist), cleanings(plays.title)) AS name_repairs
FROM plays;
