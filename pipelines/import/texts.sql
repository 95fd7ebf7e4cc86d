-- The articles carry no date; the newest month that they speak of is October 2022.
SELECT row, trimmed(json ->> 'wikipedia_page_id') AS text_id, cleaned(json ->> 'name') AS artist,
       DATE '2022-10-31' AS published, trimmed(json ->> 'text') AS body,
       coalesce(fault, CASE WHEN trimmed(json ->> 'wikipedia_page_id') IS NULL THEN 'missing page id'
                            WHEN cleaned(json ->> 'name') IS NULL THEN 'missing artist'
                            WHEN trimmed(json ->> 'text') IS NULL THEN 'missing text' END) AS reason,
       cleanings(json ->> 'name') AS repairs
FROM {articles}
