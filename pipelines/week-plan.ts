import { z } from 'zod';
import { lakeTables, type LakeTable } from './tables.ts';
import type { LakeSnapshot } from './lake.ts';
import type { Source } from './step.ts';

/** The stages of a week, inputs first: what `--from` takes. `mentions` and `trends` only where there are articles, `sounds` where anything is known of how recordings sound. */
export const stageNames = [
  'spellings',
  'catalogue',
  'mentions',
  'text',
  'embedding',
  'snapshot',
  'trends',
  'sounds',
  'factors',
  'examples',
  'ranker',
  'gate',
  'lists',
] as const;

/** What can be chosen for a week; everything that it freezes with. */
export const weekOptions = z.object({
  /** Seed of everything that draws lots, 0 or more. Default 1. */
  seed: z.int().nonnegative().default(1),
  /**
   * `asof`: only catalogue entries dated before the cut-off are known; `all`: the catalogue counts
   * as known whatever its dates. Default `asof`, but `all` where nothing in it precedes the cut-off.
   */
  catalogue: z.enum(['asof', 'all']).optional(),
  /** Weekly cut-offs before the last that the ranker trains on at most, the latest ones. Default 52. */
  trainingWeeks: z.int().min(0).max(520).default(52),
  /** Days after which a play counts half. Default 60. */
  halfLifeDays: z.number().positive().default(60),
});
export type WeekOptions = z.infer<typeof weekOptions>;

const lakeSnapshot = z.object({
  id: z.string(),
  // A table that came later is empty in a week that was frozen before.
  tables: z
    .partialRecord(
      z.enum(Object.keys(lakeTables) as [keyof typeof lakeTables]),
      z.array(z.string()),
    )
    .transform((tables) => ({ ...noFiles(), ...tables })),
  replaced: z.record(z.string(), z.array(z.string())).optional(),
});

function noFiles(): Record<LakeTable, string[]> {
  const none = Object.keys(lakeTables).map((name): [string, string[]] => [name, []]);
  return Object.fromEntries(none) as Record<LakeTable, string[]>;
}

/** A champion as a week knows it. */
export const frozenChampion = z.object({
  version: z.string(),
  /** The end of the last label that it learned from; null: from none. */
  learnedUntil: z.iso.datetime().nullable(),
  /** Versions that were rolled back and are not in office: no gate lets them through again. */
  rolledBack: z.array(z.string()).optional(),
});
export type FrozenChampion = z.infer<typeof frozenChampion>;

/** The examples of a cut-off: the fingerprint of their artifact. */
const madeExamples = z.object({ cutoff: z.iso.datetime(), fingerprint: z.string() });

/**
 * A week whose inputs are frozen: running it again makes the same lists. Stored before its first
 * stage runs.
 */
export const frozenWeek = z.object({
  format: z.literal(1),
  week: z.string(),
  /** 1, and one more for each `--recompute`. */
  revision: z.int().positive(),
  frozenAt: z.iso.datetime(),
  /** Monday 00:00 UTC of the week: only listens before it are known. */
  cutoff: z.iso.datetime(),
  /** Weekly cut-offs that the ranker trains on, oldest first; the last is a week before `cutoff`. */
  trainingCutoffs: z.array(z.iso.datetime()),
  catalogue: z.enum(['asof', 'all']),
  /**
   * Whether recordings come with a table's word on their sound, which then counts; absent where none
   * does, and in weeks that were frozen before it was asked.
   */
  soundTable: z.boolean().optional(),
  options: weekOptions,
  lake: lakeSnapshot,
  /**
   * About how many listens the lake has before the cut-off, what sources tell twice counted once;
   * absent in weeks that were frozen before it was asked.
   */
  listens: z.int().nonnegative().optional(),
  /** The lists of up to eight weeks before, the latest first: fingerprints of their artifacts. */
  previous: z.array(z.object({ week: z.string(), fingerprint: z.string() })),
  /** The champion that the week's challenger is compared with; absent where there was none. */
  champion: frozenChampion.optional(),
  /** Of the training cut-offs, those whose examples an earlier week has made, oldest first. */
  takenOver: z.array(madeExamples).optional(),
  /** The newest lists that were made; those of the revision before until this one's are. */
  lists: z.object({ fingerprint: z.string(), model: z.string() }).optional(),
  /** What the challenger of these lists was shown, for later weeks to take over, and how it was made. */
  examples: z.object({ method: z.string(), made: z.array(madeExamples) }).optional(),
});
export type FrozenWeek = z.infer<typeof frozenWeek>;

/** The lake as the input of a graph. */
export function lakeSource(snapshot: LakeSnapshot): Source {
  return {
    fingerprint: snapshot.id,
    folder: '',
    tables: Object.entries(lakeTables).map(([name, columns]) => ({
      name,
      file: snapshot.tables[name as keyof typeof lakeTables],
      columns,
    })),
  };
}
