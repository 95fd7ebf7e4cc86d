import pLimit from 'p-limit';
import { Mistake } from '../model/mistake.ts';
import type { Clock, Sql, WorkQueue } from './ports.ts';
import type { EarlierMade, StageContext, StageFunnel } from './stage.ts';
import { fingerprintOf, type InputTable, type Source, type Step } from './step.ts';
import { createViews, saveParquet } from './views.ts';

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
  /**
   * Keeps other processes from making an artifact, or, shared, from making it alone.
   *
   * @returns frees it; may be called twice
   */
  claim(
    stage: string,
    fingerprint: string,
    how: { readonly shared: boolean; readonly signal: AbortSignal },
  ): Promise<() => void>;
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
  /** Shares the pieces of a stage with other processes. Default: each stage is made by one. */
  readonly queue?: WorkQueue;
  readonly signal: AbortSignal;
  readonly onFinish?: (label: string, funnel: StageFunnel) => void;
  readonly onProgress?: (label: string, done: number, total: number) => void;
}

/**
 * Makes artifacts: finds what is there, runs what is not, inputs first, independent steps side by
 * side. A step that appears twice in the graph is run once.
 *
 * Several processes may make the same graph in the same home: each artifact is made by one of them
 * while the others wait for it, and what can be cut in pieces they make together.
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
      if (isStale) await this.#discard(node.stage.name, fingerprint);
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

  async #discard(stage: string, fingerprint: string): Promise<void> {
    const { artifacts } = this.#options;
    const release = await artifacts.claim(stage, fingerprint, {
      shared: false,
      signal: this.#signal,
    });
    try {
      await artifacts.discard(stage, fingerprint);
    } finally {
      release();
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
    const label = node.label ?? node.stage.name;
    const found = await this.#options.artifacts.find(node.stage.name, fingerprint);
    this.#signal.throwIfAborted();
    if (found !== undefined) return this.#reuse(label, found);
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

  #reuse(label: string, found: StoredArtifact): StoredArtifact {
    const funnel = { ...found.funnel, reused: true };
    this.#finished(label, funnel);
    return { ...found, funnel };
  }

  #finished(label: string, funnel: StageFunnel): void {
    this.#funnels.push({ label, funnel });
    this.#options.onFinish?.(label, funnel);
  }

  async #run(
    node: Step,
    fingerprint: string,
    label: string,
    inputs: Record<string, Source | StoredArtifact>,
  ): Promise<StoredArtifact> {
    const { artifacts, queue } = this.#options;
    const { stage } = node;
    const signal = this.#signal;
    signal.throwIfAborted();
    const isShared = stage.isShared === true && queue !== undefined;
    let release = await artifacts.claim(stage.name, fingerprint, { shared: isShared, signal });
    try {
      let made = await artifacts.find(stage.name, fingerprint);
      if (made !== undefined) return this.#reuse(label, made);
      const alone = async (): Promise<boolean> => {
        if (isShared) {
          release();
          release = await artifacts.claim(stage.name, fingerprint, { shared: false, signal });
          made = await artifacts.find(stage.name, fingerprint);
        }
        return made === undefined;
      };
      const sharing = isShared ? { queue, alone } : { alone };
      return await this.#runStage(node, fingerprint, label, inputs, sharing, () => made);
    } finally {
      release();
    }
  }

  /** What is damaged helps nobody. */
  async #earlier(steps: readonly Step[]): Promise<EarlierMade[]> {
    const found = (node: Step | Source) =>
      'stage' in node
        ? this.#options.artifacts.find(node.stage.name, fingerprintOf(node)).catch(() => undefined)
        : Promise.resolve(undefined);
    const earlier: EarlierMade[] = [];
    for (const node of steps) {
      const made = await found(node);
      if (made === undefined) continue;
      const { folder, tables } = made;
      const inputs: Record<string, StoredArtifact | undefined> = {};
      for (const [name, input] of Object.entries(node.inputs)) inputs[name] = await found(input);
      earlier.push({ folder, tables, inputs });
    }
    return earlier;
  }

  async #runStage(
    node: Step,
    fingerprint: string,
    label: string,
    inputs: Record<string, Source | StoredArtifact>,
    sharing: Pick<StageContext, 'queue' | 'alone'>,
    madeByAnother: () => StoredArtifact | undefined,
  ): Promise<StoredArtifact> {
    const { artifacts, clock, memoryMb, onProgress } = this.#options;
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
        fingerprint,
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
        signal: this.#signal,
        ...(node.helpedBy === undefined ? {} : { earlier: await this.#earlier(node.helpedBy) }),
        ...sharing,
      };
      await node.stage.run(context);
      const found = madeByAnother();
      if (found !== undefined) return this.#reuse(label, found);
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
      this.#finished(label, funnel);
      return made;
    } finally {
      clearInterval(timer);
      sql.dispose();
    }
  }
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
