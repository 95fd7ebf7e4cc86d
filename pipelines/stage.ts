import type { z } from 'zod';
import type { Sql, WorkQueue } from './ports.ts';
import type { InputTable } from './step.ts';

/**
 * Terms.
 *
 * - A **stage** is a pure step of the pipeline: from the folders of its inputs and its options to
 *   one output folder. Same inputs and options, same bytes.
 * - An **artifact** is such an output folder, kept under the fingerprint of (stage name, version,
 *   options, fingerprints of the inputs). It appears whole or not at all.
 * - A **step** is a stage with its options and inputs filled in; steps form the graph of a week.
 */
export interface Stage<Options extends object = object> {
  /** Lower case, one or two words: the folder name and what `--from` takes. */
  readonly name: string;
  /** Raise it when the same inputs no longer give the same outputs. */
  readonly version: number;
  /** Every option with unit, range and default. */
  readonly options: z.ZodType<Options>;
  /** Whether a run continues with what a killed one left in the output folder. Default false: it is emptied. */
  readonly resumable?: boolean;
  /**
   * Whether several processes may run it at once, where there is a queue. Then it makes its pieces
   * by `queue`, and after them asks to be `alone`. It must be resumable. Default false.
   */
  readonly isShared?: boolean;
  run(context: StageContext<Options>): Promise<void>;
}

export interface StageContext<Options extends object = object> {
  readonly options: Readonly<Options>;
  /** Of the artifact that is being made. */
  readonly fingerprint: string;
  /**
   * A SQL session in which each input's Parquet files are views: input `catalogue` with the file
   * `tracks.parquet` is `catalogue.tracks`. Sums of fractions must be over DECIMAL or integers, and
   * results ordered, so that the number of threads does not show in the bytes.
   */
  readonly sql: Sql;
  /** Names of the inputs, ascending; some stages have optional ones. */
  readonly inputNames: readonly string[];
  /** Folder of an input, for what is not Parquet. */
  readonly input: (name: string) => string;
  /** Folder to write to; renamed into place by the runner when `run` resolves. */
  readonly output: string;
  /**
   * What was made before of what this step names as its help and is still there: a stage may take
   * over from it what comes to the same, and must give the same bytes without it.
   */
  readonly earlier?: readonly EarlierMade[];
  /** Writes a table of `sql` (or a SELECT in brackets) to `<output>/<file>.parquet`; gives the row count. */
  readonly save: (file: string, relation: string) => Promise<number>;
  readonly report: StageReport;
  readonly signal: AbortSignal;
  /** Where a shared stage makes its pieces together with other processes; undefined: by itself. */
  readonly queue?: WorkQueue;
  /**
   * Resolves when no other process works on the artifact.
   *
   * @returns false where another one has made it: there is nothing left to do
   */
  readonly alone: () => Promise<boolean>;
}

/** An artifact of before, with those of its inputs that are artifacts and still there. */
export interface EarlierMade {
  readonly folder: string;
  readonly tables: readonly InputTable[];
  readonly inputs: Readonly<Record<string, Pick<EarlierMade, 'folder' | 'tables'> | undefined>>;
}

/** One row of the funnel. */
export interface StageReport {
  /** Adds to the rows read. */
  rowsIn(count: number): void;
  /** Adds to the rows written. */
  rowsOut(count: number): void;
  /** Adds to the rows dropped, by reason (`"unknown zone"`). */
  dropped(reason: string, count: number): void;
  /** A further figure, with a plain key: `"repairedLengths"`, `"ndcg@30"`. Replaces an earlier one. */
  figure(key: string, value: number | string): void;
  /** How far the stage is, for the progress line. */
  progress(done: number, total: number): void;
}

export interface StageFunnel {
  readonly stage: string;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly figures: Readonly<Record<string, number | string>>;
  readonly seconds: number;
  readonly peakMemoryMb: number;
  /** Whether the artifact was already there and nothing was run. */
  readonly reused: boolean;
}
