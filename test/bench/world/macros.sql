-- Chance without state: every choice is a hash of the seed, a name and one or two ids.
-- Variables: seed, users, tracks, artists, track_step (coprime to tracks), cutoff.

-- 0..1, below 1.
CREATE MACRO uniform
  (name, a) AS CAST(hash(hash(a, name, getvariable('seed'))) >> 11 AS DOUBLE) / 9007199254740992.0,
  (name, a, b) AS CAST(hash(hash(a, b, name, getvariable('seed'))) >> 11 AS DOUBLE) / 9007199254740992.0;

-- Standard normal, by Box and Muller.
CREATE MACRO normal(name, a) AS
  sqrt(-2 * ln(1 - uniform(name || ' radius', a))) * cos(2 * pi() * uniform(name || ' angle', a));

-- A place of 0 .. size - 1, the density of place p as 1 / (p + 3): Zipf's law with a flat head.
CREATE MACRO zipf(u, size) AS
  CAST(least(size - 1, floor(3 * (pow((size + 3) / 3.0, u) - 1))) AS INTEGER);

-- The same, flatter: even steps of u are steps of the place too.
CREATE MACRO spread(u, size) AS
  CAST(least(size - 1, floor(12 * (pow((size + 12) / 12.0, u) - 1))) AS INTEGER);

-- The same over the few tracks of an artist, steeper.
CREATE MACRO best_known(u, size) AS
  CAST(least(size - 1, floor(1.5 * (pow((size + 1.5) / 1.5, u) - 1))) AS INTEGER);

-- Tracks of an artist are numbered side by side, and lie scattered over the catalogue.
CREATE MACRO track_of(number) AS
  CAST((CAST(number AS BIGINT) * getvariable('track_step')) % getvariable('tracks') AS INTEGER);

-- 15 hexadecimal digits that look drawn and ascend with the index.
CREATE MACRO digits(name, ix, size) AS
  printf('%015x', ix * (1152921504606846976 // size)
    + CAST(uniform(name, ix) * (1152921504606846976 // size) AS BIGINT));
CREATE MACRO artist_id(ix) AS 'a' || digits('artist id', ix, getvariable('artists'));
CREATE MACRO track_id(ix) AS 't' || digits('track id', ix, getvariable('tracks'));
CREATE MACRO listener_id(ix) AS 'u' || digits('listener id', ix, getvariable('users'));

-- A word of two syllables for each number of 0 .. 6,399.
CREATE MACRO syllable(number) AS
  substr('bcdfghjklmnprstv', CAST(1 + number % 80 // 5 AS BIGINT), 1)
  || substr('aeiou', CAST(1 + number % 5 AS BIGINT), 1);
CREATE MACRO word(number) AS
  upper(left(syllable(number), 1)) || right(syllable(number), 1) || syllable(number // 80);
-- Different numbers below 40,960,000 have different names; neighbours have little in common.
CREATE MACRO artist_name(ix) AS
  word((CAST(ix AS BIGINT) * 7919 + 1031) % 6400) || ' ' || word(CAST(ix // 6400 AS BIGINT) * 4931 % 6400);
CREATE MACRO work_title(work) AS
  word((CAST(work AS BIGINT) * 4931 + 577) % 6400) || ' ' || word(CAST(work // 6400 AS BIGINT) * 1543 % 6400)
  || CASE WHEN uniform('long title', work) < 0.5
          THEN ' ' || word(CAST(uniform('third word', work) * 6400 AS BIGINT)) ELSE '' END;

-- Audio is known of seven tracks in ten.
CREATE MACRO is_unmeasured(ix) AS uniform('unmeasured', ix) < 0.3;
CREATE MACRO blurred(mean, name, ix) AS
  CASE WHEN is_unmeasured(ix) THEN NULL
       ELSE CAST(least(1, greatest(0, mean + 0.3 * (uniform(name, ix) - 0.5))) AS FLOAT) END;
