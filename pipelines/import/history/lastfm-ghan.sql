-- The "last.fm backup" of lastfm.ghan.nl. What is being played just now has no time.
SELECT row, fault, 'listen' AS kind,
       coalesce(instant_of(uts), lastfm_instant(utc_time)) AS instant, artist, track AS title, album,
       CAST(NULL AS DOUBLE) AS played_ms, CAST(NULL AS VARCHAR) AS client,
       stated(json_object('artist_mbid', nullif(artist_mbid, ''), 'release_mbid', nullif(album_mbid, ''),
                          'track_mbid', nullif(track_mbid, ''))) AS info,
       CAST(NULL AS VARCHAR) AS said, CAST(NULL AS VARCHAR) AS msid, CAST(NULL AS VARCHAR) AS mbid,
       CASE WHEN trim(coalesce(uts, '')) = '' AND trim(coalesce(utc_time, '')) = '' AND fault IS NULL
            THEN 'playing just now' END AS unsuitable
FROM given
