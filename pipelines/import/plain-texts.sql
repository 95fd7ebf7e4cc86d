SELECT row, trimmed(json ->> 'text_id') AS text_id, cleaned(json ->> 'artist') AS artist,
       day_in(json ->> 'published') AS published, trimmed(json ->> 'body') AS body,
       coalesce(fault, CASE WHEN trimmed(json ->> 'text_id') IS NULL THEN 'missing text id'
                            WHEN cleaned(json ->> 'artist') IS NULL THEN 'missing artist'
                            WHEN trimmed(json ->> 'body') IS NULL THEN 'missing text'
                            WHEN day_in(json ->> 'published') IS NULL THEN 'bad date' END) AS reason,
       cleanings(json ->> 'artist') AS repairs
FROM texts
