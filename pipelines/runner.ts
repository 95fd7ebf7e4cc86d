import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { Mistake } from '../model/mistake.ts';
import type { Clock, Sql } from './ports.ts';
import type { Stage, StageContext, StageFunnel } from './stage.ts';

/** A table of an input: a view over one or more Parquet files. */
export interface InputTable {
  readonly name: string;
  readonly file: string | readonly string[];
  /** `CREATE TABLE` columns, for a table without files. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** Where a graph begins: data that no stage made (a snapshot of the lake). */
export interface Source {
  readonly fingerprint: string;
  readonly folder: string;
  readonly tables: readonly InputTable[];
}

/** A stage with its options and inputs filled in. */
export interface Step<Options extends object = object> {
  readonly stage: Stage<Options>;
  readonly options: Options;
  /** Name of the input (the schema of its views) -> what it is. */
  readonly inputs: Readonly<Record<string, Step | Source>>;
  /** What the funnel calls it; default the stage's name. Not part of the fingerprint. */
  readonly label?: string;
}

/** A step whose options are parsed and frozen: the only way to make one. */
export function step<Options extends object>(
  stage: Stage<Options>,
  options: unknown,
  inputs: Step['inputs'],
  label?: string,
): Step {
  const parsed = Object.freeze(stage.options.parse(options));
  return {
    stage: stage,
    options: parsed,
    inputs,
    ...(label === undefined ? {} : { label }),
  };
}

export interface StoredArtifact {
  readonly folder: string;
  readonly fingerprint: string;
  /** Hash of the files' content. */
  readonly content: string;
  readonly tables: readonly InputTable[];
  readonly funnel: StageFunnel;
}

/** Keeps artifacts; `infra/artifacts` does so in folders. */
export interface ArtifactStore {
  /** @throws Mistake `ARTIFACT_CORRUPT` where a file is not as it was written */
  find(stage: string, fingerprint: string): Promise<StoredArtifact | undefined>;
  /** A folder to write to; what an earlier, killed run left in it is still there. */
  workspace(stage: string, fingerprint: string): Promise<string>;
  clear(scratch: string): Promise<void>;
  /** Makes the workspace the artifact, whole, in one rename. */
  commit(
    scratch: string,
    description: {
      stage: string;
      version: number;
      fingerprint: string;
      options: object;
      inputs: Readonly<Record<string, string>>;
      funnel: StageFunnel;
    },
  ): Promise<StoredArtifact>;
  discard(stage: string, fingerprint: string): Promise<void>;
}

export interface RunnerOptions {
  readonly artifacts: ArtifactStore;
  /** A fresh SQL session for each stage. */
  readonly openSql: () => Promise<Sql>;
  readonly clock: Clock;
  /** MiB that this process holds now. */
  readonly memoryMb: () => number;
  /** Stages that run at the same time. Default 2. */
  readonly concurrency?: number;
  readonly signal: AbortSignal;
  readonly onFinish?: (label: string, funnel: StageFunnel) => void;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

/** The fingerprint of a step: what it will make is decided by what goes into it. */
export function fingerprintOf(node: Step | Source): string {
  if (!('stage' in node)) return node.fingerprint;
  const inputs = Object.keys(node.inputs)
    .sort()
    .map((name) => [name, fingerprintOf(node.inputs[name]!)]);
  const identity = JSON.stringify([
    node.stage.name,
    node.stage.version,
    sortedKeys(node.options),
    inputs,
  ]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 24);
}

/**
 * Makes artifacts: finds what is there, runs what is not, inputs first, independent steps side by
 * side. A step that appears twice in the graph is run once.
 */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #limit;
  readonly #pending = new Map<string, Promise<StoredArtifact>>();
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;
  readonly #funnels: { label: string; funnel: StageFunnel }[] = [];

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#limit = pLimit(options.concurrency ?? 2);
    this.#signal = AbortSignal.any([options.signal, this.#failed.signal]);
  }

  /** What has run or was reused so far, in the order of finishing. */
  get funnels(): readonly { label: string; funnel: StageFunnel }[] {
    return this.#funnels;
  }

  /**
   * Forgets the artifacts of a stage, and of every step that depends on it, in the graph of `goal`.
   *
   * @throws Mistake `USAGE` where the graph has no such stage
   */
  async discardFrom(goal: Step, stageName: string): Promise<void> {
    const names = new Set<string>();
    const stale = new Map<string, boolean>();
    const visit = async (node: Step | Source): Promise<boolean> => {
      if (!('stage' in node)) return false;
      const fingerprint = fingerprintOf(node);
      const known = stale.get(fingerprint);
      if (known !== undefined) return known;
      names.add(node.stage.name);
      let isStale = node.stage.name === stageName;
      for (const input of Object.values(node.inputs)) isStale = (await visit(input)) || isStale;
      stale.set(fingerprint, isStale);
      if (isStale) await this.#options.artifacts.discard(node.stage.name, fingerprint);
      return isStale;
    };
    await visit(goal);
    if (!names.has(stageName)) {
      throw new Mistake(
        'USAGE',
        `--from: expected one of the stages ${[...names].sort().join(', ')}, got "${stageName}"`,
      );
    }
  }

  /** Where a step fails, those beside it have stopped when the error is thrown. */
  async make(goal: Step): Promise<StoredArtifact> {
    try {
      return await this.#pend(goal);
    } catch (error) {
      this.#failed.abort(error);
      await Promise.allSettled(this.#pending.values());
      throw error;
    }
  }

  #pend(node: Step): Promise<StoredArtifact> {
    const fingerprint = fingerprintOf(node);
    let pending = this.#pending.get(fingerprint);
    if (pending === undefined) {
      pending = this.#make(node, fingerprint);
      this.#pending.set(fingerprint, pending);
    }
    return pending;
  }

  async #make(node: Step, fingerprint: string): Promise<StoredArtifact> {
    const { artifacts, onFinish } = this.#options;
    const label = node.label ?? node.stage.name;
    const found = await artifacts.find(node.stage.name, fingerprint);
    this.#signal.throwIfAborted();
    if (found !== undefined) {
      const funnel = { ...found.funnel, reused: true };
      this.#funnels.push({ label, funnel });
      onFinish?.(label, funnel);
      return { ...found, funnel };
    }
    const inputs = Object.fromEntries(
      await Promise.all(
        Object.entries(node.inputs).map(async ([name, input]) => {
          const made: Source | StoredArtifact = 'stage' in input ? await this.#pend(input) : input;
          return [name, made] as const;
        }),
      ),
    );
    return this.#limit(() => this.#run(node, fingerprint, label, inputs));
  }

  async #run(
    node: Step,
    fingerprint: string,
    label: string,
    inputs: Record<string, Source | StoredArtifact>,
  ): Promise<StoredArtifact> {
    const { artifacts, clock, memoryMb, onFinish, onProgress } = this.#options;
    const signal = this.#signal;
    signal.throwIfAborted();
    const started = clock();
    const scratch = await artifacts.workspace(node.stage.name, fingerprint);
    if (node.stage.resumable !== true) await artifacts.clear(scratch);
    const sql = await this.#options.openSql();
    let peakMemoryMb = memoryMb();
    const sample = () => (peakMemoryMb = Math.max(peakMemoryMb, memoryMb()));
    const timer = setInterval(sample, 100);
    try {
      await createViews(sql, inputs);
      const report = new Report((done, total) => {
        sample();
        onProgress?.(label, done, total);
      });
      const context: StageContext = {
        options: node.options,
        sql,
        inputNames: Object.keys(inputs).sort(),
        input: (name) => {
          const found = inputs[name];
          if (found === undefined) throw new Error(`stage ${node.stage.name} has no input ${name}`);
          return found.folder;
        },
        output: scratch,
        save: (file, relation) => saveParquet(sql, `${scratch}/${file}.parquet`, relation),
        report,
        signal,
      };
      await node.stage.run(context);
      sample();
      const funnel: StageFunnel = {
        stage: node.stage.name,
        ...report.counts(),
        seconds: (clock() - started) / 1000,
        peakMemoryMb,
        reused: false,
      };
      const made = await artifacts.commit(scratch, {
        stage: node.stage.name,
        version: node.stage.version,
        fingerprint,
        options: node.options,
        inputs: Object.fromEntries(
          Object.entries(inputs).map(([name, input]) => [name, input.fingerprint]),
        ),
        funnel,
      });
      this.#funnels.push({ label, funnel });
      onFinish?.(label, funnel);
      return made;
    } finally {
      clearInterval(timer);
      sql.dispose();
    }
  }
}

/** One schema of views for each input. */
export async function createViews(
  sql: Sql,
  inputs: Readonly<Record<string, { readonly tables: readonly InputTable[] }>>,
): Promise<void> {
  for (const [schema, { tables }] of Object.entries(inputs)) {
    await sql.run(`CREATE SCHEMA "${schema}"`);
    for (const { name, file, columns } of tables) {
      const files = typeof file === 'string' ? [file] : file;
      if (files.length === 0) {
        const definitions = Object.entries(columns ?? {}).map(([key, type]) => `${key} ${type}`);
        await sql.run(`CREATE TABLE "${schema}"."${name}" (${definitions.join(', ')})`);
      } else {
        const list = files.map(quoted).join(', ');
        await sql.run(
          `CREATE VIEW "${schema}"."${name}" AS
           SELECT * FROM read_parquet([${list}], hive_partitioning = false)`,
        );
      }
    }
  }
}

/** Writes a relation to one Parquet file; gives the row count. */
export async function saveParquet(sql: Sql, path: string, relation: string): Promise<number> {
  await sql.run(`COPY ${relation} TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`);
  const [row] = await sql.rows<{ count: number }>(
    `SELECT count(*) AS count FROM read_parquet(${quoted(path)})`,
  );
  return row!.count;
}

/** A SQL string literal. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

class Report {
  #rowsIn = 0;
  #rowsOut = 0;
  readonly #dropped: Record<string, number> = {};
  readonly #figures: Record<string, number | string> = {};
  readonly progress: (done: number, total: number) => void;

  constructor(progress: (done: number, total: number) => void) {
    this.progress = progress;
  }

  rowsIn(count: number): void {
    this.#rowsIn += count;
  }

  rowsOut(count: number): void {
    this.#rowsOut += count;
  }

  dropped(reason: string, count: number): void {
    if (count > 0) this.#dropped[reason] = (this.#dropped[reason] ?? 0) + count;
  }

  figure(key: string, value: number | string): void {
    this.#figures[key] = value;
  }

  counts(): Pick<StageFunnel, 'rowsIn' | 'rowsOut' | 'dropped' | 'figures'> {
    return {
      rowsIn: this.#rowsIn,
      rowsOut: this.#rowsOut,
      dropped: this.#dropped,
      figures: this.#figures,
    };
  }
}

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortedKeys(inner)]),
  );
}
