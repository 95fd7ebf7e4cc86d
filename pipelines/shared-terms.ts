import type { Sql } from './ports.ts';

/** The term that an artist and each text neighbour are both described by. */
export interface SharedTerms {
  /** [artists + 1] where the neighbours of each begin. */
  readonly start: Int32Array;
  readonly neighbour: Int32Array;
  /** For each neighbour an index into `terms`, -1 where they share none. */
  readonly term: Int32Array;
  readonly terms: readonly { readonly term: string; readonly adjective: boolean }[];
}

/** @returns an index into `terms`, -1 where the two share none or are no neighbours */
export function sharedTerm(shared: SharedTerms, artist: number, neighbour: number): number {
  const to = shared.start[artist + 1]!;
  for (let n = shared.start[artist]!; n < to; n++) {
    if (shared.neighbour[n] === neighbour) return shared.term[n]!;
  }
  return -1;
}

/** Reads `text.artist_neighbours`; a term is an adjective where it is one for the artist. */
export async function readSharedTerms(sql: Sql, numArtists: number): Promise<SharedTerms> {
  await sql.run(
    `CREATE OR REPLACE TEMP TABLE shared_terms AS
     WITH adjectives AS (
       SELECT DISTINCT artist_ix, term AS shared FROM text.artist_terms WHERE kind = 'adjective'
     )
     SELECT n.artist_ix, n.neighbour_ix, n.shared,
            n.shared IS NOT NULL AND a.shared IS NOT NULL AS adjective,
            CAST(CASE WHEN n.shared IS NULL THEN -1
                      ELSE dense_rank() OVER (ORDER BY n.shared NULLS LAST, adjective) - 1 END
                 AS INTEGER) AS term_ix
     FROM text.artist_neighbours n LEFT JOIN adjectives a USING (artist_ix, shared)`,
  );
  const { artist, neighbour, term } = await sql.columns<'artist' | 'neighbour' | 'term'>(
    `SELECT artist_ix AS artist, neighbour_ix AS neighbour, term_ix AS term
     FROM shared_terms ORDER BY artist, neighbour`,
  );
  const terms = await sql.rows<SharedTerms['terms'][number]>(
    `SELECT shared AS term, adjective FROM shared_terms WHERE term_ix >= 0
     GROUP BY term_ix, shared, adjective ORDER BY term_ix`,
  );
  await sql.run('DROP TABLE shared_terms');
  const start = new Int32Array(numArtists + 1);
  for (const a of artist) start[a + 1]!++;
  for (let a = 0; a < numArtists; a++) start[a + 1]! += start[a]!;
  return { start, neighbour: Int32Array.from(neighbour), term: Int32Array.from(term), terms };
}
