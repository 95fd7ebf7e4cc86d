CREATE TEMP VIEW checked_artists AS
SELECT row, trim(a.id) AS id, cleaned(a.name) AS name,
       coalesce(fault, CASE WHEN trimmed(a.id) IS NULL THEN 'missing artist id'
                            WHEN cleaned(a.name) IS NULL THEN 'missing artist' END) AS reason,
       cleanings(a.name) AS repairs
FROM artists a;

CREATE TEMP VIEW checked_tags AS
SELECT row, trim(t."tagID") AS id, lower(cleaned(t."tagValue")) AS tag,
       coalesce(fault, CASE WHEN trimmed(t."tagID") IS NULL THEN 'missing tag id'
                            WHEN cleaned(t."tagValue") IS NULL THEN 'missing tag' END) AS reason,
       cleanings(t."tagValue") AS repairs
FROM tags t;
