import { z } from 'zod';
import type { ModelState, OfficeEvent } from '../model/gate/office.ts';
import { gateReport } from './gate-report.ts';

/**
 * The model registry.
 *
 * - A **version** is the name of a model's content, `ranker-` and the beginning of its hash: the
 *   same model always has the same one.
 * - A **record** says where a model comes from. It never changes.
 * - An **event** says that a model came into office or was taken out of it. It never changes; who is
 *   champion follows from all of them (`model/gate/office.ts`).
 * - Models belong to a **lake**: those of simulated listeners never judge those of real ones.
 *
 * As nothing changes, two stores of records agree as soon as each has what the other has, in any
 * order, and no write needs another one beside it.
 */
export const modelRecord = z.object({
  format: z.literal(1),
  version: z.string().regex(/^[a-z]+-[0-9a-f]{12}$/),
  lake: z.string().min(1),
  /** The week and revision that it was trained for. */
  week: z.string(),
  revision: z.int().positive(),
  /** The champion in office when it was trained; null where there was none. */
  parent: z.string().nullable(),
  /** Listens from this instant on were not known (ISO 8601, UTC): the week's cut-off. */
  dataCutoff: z.iso.datetime(),
  /** The end of the last label that it learned from; null: from none. */
  learnedUntil: z.iso.datetime().nullable(),
  seed: z.int(),
  /** `ranker`, `week` and `gate`: all that was chosen, as it was parsed. */
  options: z.record(z.string(), z.unknown()),
  /** What it sees of a candidate, in its order. */
  features: z.array(z.string()),
  /** Commit of the code that trained it, `-dirty` where it was changed since; else its version. */
  code: z.string().min(1),
  /** Figures by plain keys: `ndcg@30`, `ndcg@30/rival`, what training said. */
  metrics: z.record(z.string(), z.union([z.number(), z.string()])),
  /** What the gate found; null for a prior, which the gate chose in default of a model. */
  gate: gateReport.nullable(),
  /** Its file in the store of files. */
  file: z.object({ name: z.string(), bytes: z.int(), sha256: z.string() }),
  createdAt: z.iso.datetime(),
});
export type ModelRecord = z.infer<typeof modelRecord>;

export const modelEvent = z.object({
  format: z.literal(1),
  /** `gate:2014-W36:1:ranker-…`, or of an operator `promoted:ranker-…:1409…`; one in a lake. */
  id: z.string().min(1),
  lake: z.string().min(1),
  kind: z.enum(['promoted', 'rolledBack']),
  version: z.string(),
  instead: z.string().nullable(),
  by: z.enum(['gate', 'operator']),
  why: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
}) satisfies z.ZodType<OfficeEvent>;
export type ModelEvent = z.infer<typeof modelEvent>;

/** A model with what has become of it. */
export interface Model extends ModelRecord {
  readonly state: ModelState;
  /** When it came into office and went, oldest first. */
  readonly history: readonly ModelHistory[];
}

export interface ModelHistory {
  readonly state: 'champion' | 'retired';
  readonly at: string;
  readonly by: 'gate' | 'operator';
  readonly why: string;
}

/** Keeps records and events of all lakes. What is there already stays as it is. */
export interface ModelStore {
  records(): Promise<ModelRecord[]>;
  events(): Promise<ModelEvent[]>;
  addRecord(record: ModelRecord): Promise<void>;
  addEvent(event: ModelEvent): Promise<void>;
}

/** Keeps the files of models, by version and name. */
export interface ModelFiles {
  /** In words, for messages: a folder, a bucket. */
  readonly place: string;
  /** Puts a file where it is not yet; a file that is there stays. */
  put(version: string, name: string, bytes: Uint8Array): Promise<void>;
  /**
   * @param isWhole - whether the bytes are those that were put; where a file is kept in several
   *   places, one that is not is looked for in the next. What the last place has is given back as
   *   it is.
   */
  get(
    version: string,
    name: string,
    isWhole?: (bytes: Uint8Array) => boolean,
  ): Promise<Uint8Array | undefined>;
}
