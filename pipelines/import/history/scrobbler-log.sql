-- A player's log: artist, album, title, position, length in seconds, L or S, Unix time and, since
-- version 1.1, a MusicBrainz id; separated by tabs. Where its clock is that of its place, the zone is
-- given, else NULL; so is what the log says that the player is.
SELECT row, kind, said, artist, title, album, info, fault,
       CASE WHEN {zone} IS NULL THEN clock ELSE CAST(clock AS TIMESTAMP) AT TIME ZONE {zone} END AS instant,
       CAST(NULL AS DOUBLE) AS played_ms, {client} AS client,
       CAST(NULL AS VARCHAR) AS msid, CAST(NULL AS VARCHAR) AS mbid,
       CASE WHEN artist = '<Untagged>' OR title = '<Untagged>' THEN 'untagged file'
            WHEN fields[6] NOT IN ('L', 'S') THEN 'unknown rating' END AS unsuitable
FROM (
  SELECT row, fields, CASE WHEN fields[6] = 'S' THEN 'feedback' ELSE 'listen' END AS kind,
         CASE WHEN fields[6] = 'S' THEN 'skip' END AS said,
         fields[1] AS artist, fields[2] AS album, fields[3] AS title,
         CASE WHEN regexp_full_match(trim(fields[7]), '\d{1,11}') THEN unix_instant(CAST(trim(fields[7]) AS DOUBLE)) END AS clock,
         CASE WHEN len(fields) NOT BETWEEN 7 AND 8 THEN 'wrong number of columns' END AS fault,
         stated(json_object('track_number', nullif(trim(fields[4]), ''), 'length_s', number_in(nullif(trim(fields[5]), '')),
                            'track_mbid', nullif(trim(fields[8]), ''))) AS info
  FROM (SELECT row, string_split(rtrim(raw, chr(13)), chr(9)) AS fields
        FROM given WHERE NOT starts_with(raw, '#') AND trim(raw) <> '')
)
