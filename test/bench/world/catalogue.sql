-- The tables of the stage `catalogue` that lists are made from. `work_step` is coprime to the works.

CREATE TEMP TABLE catalogue_artists AS
SELECT artist_ix, artist_id(artist_ix) AS artist_id, artist_name(artist_ix) AS name
FROM artists ORDER BY artist_ix;

CREATE TEMP TABLE catalogue_listeners AS
SELECT CAST(range AS INTEGER) AS listener_ix, listener_id(range) AS listener
FROM range(getvariable('users')) ORDER BY listener_ix;

CREATE TEMP TABLE catalogue_tracks AS
SELECT track_ix, track_id(track_ix) AS track_id,
       CAST((CAST(work AS BIGINT) * getvariable('work_step')) % getvariable('works')
            AS INTEGER) AS work_ix,
       artist_ix,
       work_title(work) || CASE WHEN NOT is_version THEN ''
         WHEN place % 2 = 0 THEN ' (Acoustic)' ELSE ' (Remix)' END AS title,
       CASE WHEN uniform('featured', track_ix) < 0.12 AND getvariable('artists') > 1
            THEN [artist_name(artist_ix),
                  artist_name((artist_ix + 1 + CAST(floor(uniform('guest', track_ix) * 7) AS INTEGER)
                    % (getvariable('artists') - 1)) % getvariable('artists'))]
            ELSE [artist_name(artist_ix)] END AS artists,
       CASE WHEN uniform('single', track_ix) < 0.1 THEN NULL
            ELSE word(artist_ix % 6400) || ' '
                 || word(1 + place % greatest(1, num_tracks // 9)) END AS album,
       CASE WHEN uniform('no length', track_ix) < 0.05 THEN NULL
            ELSE CAST(120 + 260 * uniform('length', track_ix) AS INTEGER) END AS length_s,
       CASE WHEN uniform('no release', track_ix) < 0.08 THEN NULL
            ELSE CAST(getvariable('cutoff') AS DATE)
                 - CAST(10 + 15000 * pow(uniform('release', track_ix), 3) AS INTEGER) END AS released,
       CASE WHEN uniform('unlisted', track_ix) < 0.25 THEN NULL
            ELSE CAST(greatest(0, least(100, 92 - 11 * ln(1 + taste_place) - 7 * ln(1 + place)
                   + 16 * (uniform('popularity', track_ix) - 0.5))) AS FLOAT) END AS popularity,
       CASE WHEN uniform('no genre', track_ix) < 0.12 THEN CAST([] AS VARCHAR[])
            ELSE list_sort([d.name, d.styles[1 + (scene + CAST(uniform('style', track_ix) < 0.2
                   AS INTEGER)) % len(d.styles)]]) END AS genres,
       blurred(d.audio[1], 'danceability', track_ix) AS danceability,
       blurred(d.audio[2], 'energy', track_ix) AS energy,
       blurred(d.audio[3], 'speechiness', track_ix) AS speechiness,
       blurred(d.audio[4], 'acousticness', track_ix) AS acousticness,
       blurred(d.audio[5], 'instrumentalness', track_ix) AS instrumentalness,
       blurred(d.audio[6], 'liveness', track_ix) AS liveness,
       blurred(d.audio[7], 'valence', track_ix) AS valence,
       CAST(CASE WHEN is_unmeasured(track_ix) THEN NULL
            ELSE d.audio[8] + 6 * (uniform('loudness', track_ix) - 0.5) END AS FLOAT) AS loudness,
       CAST(CASE WHEN is_unmeasured(track_ix) THEN NULL
            ELSE d.audio[9] + 40 * (uniform('tempo', track_ix) - 0.5) END AS FLOAT) AS tempo,
       CAST(CASE WHEN is_unmeasured(track_ix) THEN NULL
            ELSE floor(12 * uniform('key', track_ix)) END AS TINYINT) AS musical_key,
       CAST(CASE WHEN is_unmeasured(track_ix) THEN NULL
            ELSE floor(2 * uniform('mode', track_ix)) END AS TINYINT) AS mode,
       CAST(getvariable('cutoff') AS DATE) - 200 AS known_from
FROM tracks
JOIN tastes t USING (taste)
JOIN descriptions d USING (described)
ORDER BY track_ix;
