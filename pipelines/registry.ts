import { createHash } from 'node:crypto';
import {
  championBefore,
  rolledBackOf,
  officeOf,
  stateOf,
  type Office,
} from '../model/gate/office.ts';
import { Mistake } from '../model/mistake.ts';
import type {
  Model,
  ModelEvent,
  ModelFiles,
  ModelHistory,
  ModelRecord,
  ModelStore,
} from './models.ts';
import type { Clock } from './ports.ts';
import type { FrozenChampion } from './week-plan.ts';

/** What is known at one moment of the models of one lake. */
interface Lake {
  readonly records: ReadonlyMap<string, ModelRecord>;
  readonly office: Office<ModelEvent>;
  /** Of the newest event, 0 where there is none. */
  readonly lastAt: number;
}

/** The models of a home, or of all homes that share a store: who they are, and who is champion. */
export class Registry {
  readonly #store: ModelStore;
  readonly #files: ModelFiles;
  readonly #clock: Clock;

  constructor(store: ModelStore, files: ModelFiles, clock: Clock) {
    this.#store = store;
    this.#files = files;
    this.#clock = clock;
  }

  /** Newest first; of the same moment by version. */
  async models(lake?: string): Promise<Model[]> {
    const names = lake === undefined ? await this.lakes() : [lake];
    const found = await Promise.all(names.map((name) => this.#modelsOf(name)));
    return found
      .flat()
      .sort(
        (a, b) =>
          compare(b.createdAt, a.createdAt) ||
          compare(a.version, b.version) ||
          compare(a.lake, b.lake),
      );
  }

  /** Lakes that have models, by name. */
  async lakes(): Promise<string[]> {
    const records = await this.#store.records();
    return [...new Set(records.map(({ lake }) => lake))].sort();
  }

  /**
   * @param version - may be cut short where it is the beginning of one alone
   * @param lake - default: the one that has it
   * @throws Mistake `UNKNOWN_MODEL` where there is none, or more than one
   */
  async find(version: string, lake?: string): Promise<Model> {
    const all = await this.models(lake);
    const exact = all.filter((model) => model.version === version);
    const found =
      exact.length > 0 ? exact : all.filter((model) => model.version.startsWith(version));
    if (found.length === 1) return found[0]!;
    const some = (models: readonly Model[]) =>
      models.slice(0, 8).map((model) => `${model.version} of ${model.lake}`);
    throw new Mistake(
      'UNKNOWN_MODEL',
      found.length > 1
        ? `model ${version}: expected one, got ${some(found).join(', ')}; say more of it, or --lake`
        : `model ${version}: expected one of ${some(all).join(', ') || 'the registry, which has none yet'}`,
    );
  }

  /** The champion that a week with this cut-off may know. */
  async championBefore(lake: string, cutoffMs: number): Promise<FrozenChampion | undefined> {
    const { records, office } = await this.#lake(lake);
    const shapedUntilMs = (version: string): number | undefined => {
      const record = records.get(version);
      return record && Date.parse(record.dataCutoff);
    };
    const version = championBefore(office, cutoffMs, shapedUntilMs);
    if (version === undefined) return undefined;
    const rolledBack = rolledBackOf(office);
    return {
      version,
      learnedUntil: records.get(version)!.learnedUntil,
      ...(rolledBack.length === 0 ? {} : { rolledBack }),
    };
  }

  /** Keeps a model: its file, then its record. One that is known already stays as it is. */
  async register(record: ModelRecord, bytes: Uint8Array): Promise<void> {
    await this.#files.put(record.version, record.file.name, bytes);
    await this.#store.addRecord(record);
  }

  /**
   * The gate of a week has let a model through. Told again, it counts once, also after a rollback;
   * and it does not count where another champion is in office by then than the one compared with.
   *
   * @returns whether it is champion, or was by this very decision
   */
  async promotedByGate(
    lake: string,
    version: string,
    decision: { week: string; revision: number; instead: string | null; why: string },
  ): Promise<boolean> {
    const { week, revision, instead, why } = decision;
    const id = `gate:${week}:${revision}:${version}`;
    const before = await this.#lake(lake);
    if (before.office.history.some((event) => event.id === id)) return true;
    if ((before.office.champions.at(-1) ?? null) !== instead) return false;
    await this.#store.addEvent({
      ...{ format: 1, id, lake, kind: 'promoted', version, instead, by: 'gate', why },
      at: this.#next(before),
    });
    const { office } = await this.#lake(lake);
    return office.history.some((event) => event.id === id);
  }

  /**
   * An operator makes a model champion, whatever the gate says.
   *
   * @throws Mistake `UNKNOWN_MODEL`; `USAGE` where it is champion already; `ARTIFACT_CORRUPT` where
   *   its file is gone
   */
  async promote(version: string, why: string, lake?: string): Promise<Model> {
    const model = await this.find(version, lake);
    if (model.state === 'champion') {
      throw new Mistake(
        'USAGE',
        `model ${model.version}: expected one that is not champion yet, got the champion of ${model.lake}`,
      );
    }
    await this.file(model);
    const before = await this.#lake(model.lake);
    await this.#byOperator(model.lake, before, {
      kind: 'promoted',
      version: model.version,
      instead: before.office.champions.at(-1) ?? null,
      why,
    });
    return this.find(model.version, model.lake);
  }

  /**
   * Takes the champion out of office: the one before it is champion again.
   *
   * @param lake - default: the only one that has a champion
   * @throws Mistake `USAGE` where there is none before it; `ARTIFACT_CORRUPT` where its file is gone
   */
  async rollback(why: string, lake?: string): Promise<{ from: Model; to: Model }> {
    const name = lake ?? (await this.#onlyLake());
    const before = await this.#lake(name);
    const { champions } = before.office;
    const [to, from] = champions.slice(-2);
    if (to === undefined || from === undefined) {
      const has = champions.length === 0 ? 'no champion' : `the first one, ${champions[0]!}`;
      throw new Mistake(
        'USAGE',
        `rollback of ${name}: expected a champion before this one, got ${has}`,
      );
    }
    await this.file(await this.find(to, name));
    await this.#byOperator(name, before, { kind: 'rolledBack', version: from, instead: to, why });
    return { from: await this.find(from, name), to: await this.find(to, name) };
  }

  /**
   * The file of a model, as it was when it was registered.
   *
   * @throws Mistake `ARTIFACT_CORRUPT` where it is gone or another one
   */
  async file({ version, lake, file }: ModelRecord): Promise<Uint8Array> {
    const isWhole = (bytes: Uint8Array) =>
      createHash('sha256').update(bytes).digest('hex') === file.sha256;
    const bytes = await this.#files.get(version, file.name, isWhole);
    if (bytes !== undefined && isWhole(bytes)) return bytes;
    throw new Mistake(
      'ARTIFACT_CORRUPT',
      `model ${version}: expected its file ${file.name} in ${this.#files.place}, ` +
        `got ${bytes === undefined ? 'none (MODELS_URL names a store for several machines)' : 'other content'}; bring it back, or go back with ` +
        `npx mondaymix models rollback --lake ${lake} and make the week with --recompute`,
    );
  }

  async #byOperator(
    lake: string,
    before: Lake,
    what: Pick<ModelEvent, 'kind' | 'version' | 'instead' | 'why'>,
  ): Promise<void> {
    const at = this.#next(before);
    const id = `${what.kind}:${what.version}:${at}`;
    await this.#store.addEvent({ format: 1, id, lake, ...what, by: 'operator', at });
  }

  /** Later than all that has happened, also where a clock is behind. */
  #next({ lastAt }: Lake): number {
    return Math.max(this.#clock(), lastAt + 1);
  }

  async #onlyLake(): Promise<string> {
    const events = await this.#store.events();
    const lakes = [...new Set(events.map(({ lake }) => lake))].sort();
    if (lakes.length === 1) return lakes[0]!;
    throw new Mistake(
      'USAGE',
      lakes.length === 0
        ? 'rollback: expected a champion, got none so far'
        : `rollback: expected --lake with one of ${lakes.join(', ')}, got none`,
    );
  }

  async #lake(lake: string): Promise<Lake> {
    const [records, events] = await Promise.all([this.#store.records(), this.#store.events()]);
    const own = events.filter((event) => event.lake === lake);
    return {
      records: new Map(
        records.filter((record) => record.lake === lake).map((record) => [record.version, record]),
      ),
      office: officeOf(own),
      lastAt: own.reduce((last, { at }) => Math.max(last, at), 0),
    };
  }

  async #modelsOf(lake: string): Promise<Model[]> {
    const { records, office } = await this.#lake(lake);
    return [...records.values()].map((record) => ({
      ...record,
      state: stateOf(record.version, office),
      history: historyOf(record.version, office),
    }));
  }
}

/** Comings and goings of one model; one that another replaces goes at that moment. */
function historyOf(version: string, { history }: Office<ModelEvent>): ModelHistory[] {
  const found: ModelHistory[] = [];
  const champions: string[] = [];
  for (const { kind, version: who, at, by, why } of history) {
    const before = champions.at(-1);
    if (kind === 'promoted') champions.push(who);
    else champions.pop();
    const now = champions.at(-1);
    const when = { at: new Date(at).toISOString(), by };
    const because = kind === 'promoted' ? why : `rollback: ${why}`;
    if (now === version && before !== version) {
      found.push({ state: 'champion', ...when, why: because });
    }
    if (before === version && now !== version) {
      const reason = kind === 'promoted' ? `replaced by ${who}: ${why}` : because;
      found.push({ state: 'retired', ...when, why: reason });
    }
  }
  return found;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
