import { join } from 'node:path';
import { z } from 'zod';
import { factorizeFast } from '../model/als-fast.ts';
import type { Factors } from '../model/als.ts';
import { fromTriples, type Interactions } from '../model/interactions.ts';
import { readMatrix, writeMatrix } from './matrix-file.ts';
import type { Sql } from './ports.ts';
import type { Stage } from './stage.ts';
import { nextTurn } from './turn.ts';

export const factorsOptions = z.object({
  /** Dimension of the factors, 8 to 512. Default 32. */
  factors: z.int().min(8).max(512).default(32),
  /** Iterations from a random start. Default 8. */
  iterations: z.int().min(1).default(8),
  /** Iterations where the factors of an earlier cut-off are the start. Default 2. */
  warmIterations: z.int().min(1).default(2),
  /**
   * The same for all rows. Default 2, with alpha 20: of the settings tried on the real listens
   * those whose candidates held most of what was played first in the week after.
   */
  regularization: z.number().nonnegative().default(2),
  /** How much more than nothing one recent play says. Default 20. */
  alpha: z.number().positive().default(20),
  /** Only plays elsewhere that were known before this day count; null: all. Default null. */
  catalogueBefore: z.iso.date().nullable().default(null),
  seed: z.int().nonnegative().default(1),
});
export type FactorsOptions = z.infer<typeof factorsOptions>;

/**
 * Collaborative filtering at a cut-off: implicit-feedback factors of listeners and tracks, and of
 * listeners and artists, where the counts of people elsewhere (last.fm) are further rows that help
 * to place the artists. Optional input `previous`: the factors of an earlier cut-off to start from.
 *
 * Writes `listeners-tracks`, `tracks`, `listeners-artists`, `artists` as matrices; rows without
 * interactions are zero.
 */
export function factorsStage(
  loadKernels: () => Promise<WebAssembly.Module>,
): Stage<FactorsOptions> {
  return {
    name: 'factors',
    version: 2,
    options: factorsOptions,
    async run({ options, sql, input, output, report, signal, inputNames }) {
      const kernels = await loadKernels();
      const previous = inputNames.includes('previous') ? input('previous') : undefined;
      for (const [users, items, read] of [
        ['listeners-tracks', 'tracks', readTrackInteractions],
        ['listeners-artists', 'artists', readArtistInteractions],
      ] as const) {
        const interactions = await read(sql, options);
        report.rowsIn(interactions.indices.length);
        await nextTurn(signal);
        const start =
          previous === undefined
            ? undefined
            : await readFactors(previous, users, items, interactions);
        const found = await factorizeFast(
          interactions,
          {
            factors: options.factors,
            iterations: start === undefined ? options.iterations : options.warmIterations,
            regularization: options.regularization,
            alpha: options.alpha,
            seed: options.seed,
          },
          { kernels, signal },
          start === undefined ? {} : { warmStart: start },
        );
        const columns = options.factors;
        const userRows = { rows: interactions.numRows, columns, values: found.userFactors };
        const itemRows = { rows: interactions.numCols, columns, values: found.itemFactors };
        await writeMatrix(join(output, `${users}.matrix`), userRows);
        await writeMatrix(join(output, `${items}.matrix`), itemRows);
        report.rowsOut(interactions.numRows + interactions.numCols);
      }
    },
  };
}

async function readTrackInteractions(sql: Sql): Promise<Interactions> {
  const size = await sizes(sql);
  const { listener_ix, track_ix, confidence } = await sql.columns<
    'listener_ix' | 'track_ix' | 'confidence'
  >('SELECT listener_ix, track_ix, confidence FROM snapshot.interactions ORDER BY ALL');
  return fromTriples(listener_ix, track_ix, confidence, size.listeners, size.tracks);
}

/** Rows: the listeners, then the people of other populations. */
async function readArtistInteractions(sql: Sql, options: FactorsOptions): Promise<Interactions> {
  const size = await sizes(sql);
  // Plays elsewhere are totals of years: their logarithm is of the order of our decayed plays.
  const { row, artist_ix, confidence } = await sql.columns<'row' | 'artist_ix' | 'confidence'>(
    `SELECT listener_ix AS row, artist_ix, confidence FROM snapshot.artist_interactions
     UNION ALL
     SELECT ${size.listeners} + person_ix, artist_ix, CAST(ln(1 + plays) / 4 AS FLOAT)
     FROM catalogue.artist_plays
     WHERE CAST($before AS DATE) IS NULL OR known_from < CAST($before AS DATE)
     ORDER BY ALL`,
    { before: options.catalogueBefore },
  );
  return fromTriples(row, artist_ix, confidence, size.listeners + size.people, size.artists);
}

async function sizes(
  sql: Sql,
): Promise<{ listeners: number; tracks: number; artists: number; people: number }> {
  const [row] = await sql.rows<{
    listeners: number;
    tracks: number;
    artists: number;
    people: number;
  }>(
    `SELECT (SELECT count(*) FROM catalogue.listeners) AS listeners,
            (SELECT count(*) FROM catalogue.tracks) AS tracks,
            (SELECT count(*) FROM catalogue.artists) AS artists,
            (SELECT coalesce(max(person_ix) + 1, 0) FROM catalogue.artist_plays) AS people`,
  );
  return row!;
}

async function readFactors(
  folder: string,
  users: string,
  items: string,
  { numRows, numCols }: Interactions,
): Promise<Factors | undefined> {
  const userMatrix = await readMatrix(join(folder, `${users}.matrix`));
  const itemMatrix = await readMatrix(join(folder, `${items}.matrix`));
  if (userMatrix.rows !== numRows || itemMatrix.rows !== numCols) return undefined;
  return {
    numFactors: userMatrix.columns,
    userFactors: userMatrix.values,
    itemFactors: itemMatrix.values,
  };
}
