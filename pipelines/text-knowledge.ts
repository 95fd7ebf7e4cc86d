import type { Sql } from './ports.ts';

/** How much the stage `text` has learnt. */
export interface TextCount {
  readonly what:
    'artists' | 'artists with terms' | 'artists with neighbours' | 'adjectives' | 'nouns' | 'tags';
  readonly count: number;
}

/** What is written about an artist, the most telling terms first. */
export interface ArtistTerms {
  readonly artist: string;
  readonly listeners: number;
  readonly adjectives: readonly string[];
  readonly nouns: readonly string[];
  readonly tags: readonly string[];
}

export interface TextNeighbour {
  readonly artist: string;
  readonly neighbour: string;
  /** Cosine of their terms, 0..1. */
  readonly similarity: number;
  /** The term that adds most to it. */
  readonly shared: string;
}

/** Does text agree with the catalogue's genres, which are no input of it? */
export interface GenreAgreement {
  readonly pairs: 'nearest by text' | 'any two';
  /** Ordered pairs of artists of whom something is written and a genre is known. */
  readonly count: number;
  /** Share of them that have a genre in common, 0..1; 0 where there is no pair. */
  readonly sharingGenre: number;
}

/** @param sql - with the schemas `catalogue`, `snapshot` and `text`, as for all that follow */
export async function textCounts(sql: Sql): Promise<TextCount[]> {
  const termsOf = (kind: string) =>
    `SELECT '${kind}s' AS what, count(DISTINCT term) FILTER (kind = '${kind}') AS count
     FROM text.artist_terms`;
  return sql.rows<TextCount>(
    `SELECT 'artists' AS what, count(*) AS count FROM catalogue.artists
     UNION ALL SELECT 'artists with terms', count(DISTINCT artist_ix) FROM text.artist_terms
     UNION ALL SELECT 'artists with neighbours', count(DISTINCT artist_ix) FROM text.artist_neighbours
     UNION ALL ${['adjective', 'noun', 'tag'].map(termsOf).join(' UNION ALL ')}`,
  );
}

/** Of the artists of whom something is written, those with the most listeners; ties by artist. */
export async function termsOfArtists(
  sql: Sql,
  { artists, terms }: { readonly artists: number; readonly terms: number },
): Promise<ArtistTerms[]> {
  const top = (kind: string) =>
    `coalesce((SELECT list(term ORDER BY weight DESC, term)[1:${terms}]
               FROM text.artist_terms t
               WHERE t.artist_ix = known.artist_ix AND kind = '${kind}'), [])`;
  return sql.rows<ArtistTerms>(
    `WITH known AS (${bestKnown(artists)})
     SELECT name AS artist, listeners, ${top('adjective')} AS adjectives, ${top('noun')} AS nouns,
            ${top('tag')} AS tags
     FROM known JOIN catalogue.artists USING (artist_ix)
     ORDER BY listeners DESC, artist_ix`,
  );
}

/** The nearest of the same artists, so many of each. */
export async function textNeighbours(
  sql: Sql,
  { artists, neighbours }: { readonly artists: number; readonly neighbours: number },
): Promise<TextNeighbour[]> {
  return sql.rows<TextNeighbour>(
    `WITH known AS (${bestKnown(artists)}), ranked AS (
       SELECT known.*, neighbour_ix, similarity, shared,
              row_number() OVER (PARTITION BY artist_ix ORDER BY similarity DESC, neighbour_ix) AS nth
       FROM known JOIN text.artist_neighbours USING (artist_ix)
     )
     SELECT a.name AS artist, b.name AS neighbour, similarity, shared
     FROM ranked JOIN catalogue.artists a USING (artist_ix)
     JOIN catalogue.artists b ON b.artist_ix = neighbour_ix
     WHERE nth <= ${neighbours}
     ORDER BY listeners DESC, ranked.artist_ix, nth`,
  );
}

/** @param neighbours - of each artist that count as nearest */
export async function genreAgreement(sql: Sql, neighbours: number): Promise<GenreAgreement[]> {
  const share = (pairs: GenreAgreement['pairs'], from: string) =>
    `SELECT '${pairs}' AS pairs, count(*) AS count,
            coalesce(count(*) FILTER (list_has_any(a.genres, b.genres)) / nullif(count(*), 0), 0)
              AS "sharingGenre"
     FROM ${from}`;
  return sql.rows<GenreAgreement>(
    `WITH genred AS (
       SELECT artist_ix, list_distinct(flatten(list(genres))) AS genres
       FROM catalogue.tracks WHERE len(genres) > 0
       GROUP BY artist_ix
       HAVING artist_ix IN (SELECT artist_ix FROM text.artist_terms)
     ), nearest AS (
       SELECT artist_ix, neighbour_ix FROM text.artist_neighbours
       QUALIFY row_number() OVER (PARTITION BY artist_ix ORDER BY similarity DESC, neighbour_ix)
               <= ${neighbours}
     )
     ${share(
       'nearest by text',
       `nearest n JOIN genred a ON a.artist_ix = n.artist_ix
        JOIN genred b ON b.artist_ix = n.neighbour_ix`,
     )}
     UNION ALL
     ${share('any two', 'genred a JOIN genred b ON a.artist_ix <> b.artist_ix')}
     ORDER BY pairs DESC`,
  );
}

function bestKnown(artists: number): string {
  return `SELECT artist_ix, count(listener_ix) AS listeners
          FROM (SELECT DISTINCT artist_ix FROM text.artist_terms)
          LEFT JOIN snapshot.artist_interactions USING (artist_ix)
          GROUP BY artist_ix ORDER BY listeners DESC, artist_ix LIMIT ${artists}`;
}
