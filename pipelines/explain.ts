import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChosenList } from '../model/assembly/list-chooser.ts';
import { featureNames, numFeatures } from '../model/candidates/features.ts';
import { sourceNames, type SourceName } from '../model/candidates/pool.ts';
import { rankWithin, reachOf, type Reach } from '../model/candidates/reach.ts';
import { Mistake } from '../model/mistake.ts';
import { MISSING } from '../model/ranker/examples.ts';
import { decodeRanker, rankerVersion } from '../model/ranker/encode.ts';
import type { Tensorflow } from '../model/ranker/network.ts';
import { readWorksNotListed } from './heard.ts';
import { ListEncoder, readReferences, type ListReferences } from './list-encoder.ts';
import { ListMaker } from './list-maker.ts';
import { nameTracks, readNames, type NamedList } from './listed.ts';
import { readDelivered, type ListsOptions } from './make-lists.ts';
import { Mentioned } from './mentioned.ts';
import { readArtistNames, readTrackNames } from './names.ts';
import type { Sql } from './ports.ts';
import { rankerFile } from './ranker.ts';
import { planWorld } from './retrieval.ts';
import { listenerOf, openWorld, type World } from './world.ts';
import { readColumns } from './world-columns.ts';

/** How the list of one listener came about. */
export interface ListExplained {
  /** What they played before the cut-off, the highest confidence first. */
  readonly heard: readonly HeardTrack[];
  /** What each source offered them. */
  readonly sources: readonly Reach[];
  /** All that the ranker saw, its favourite first. */
  readonly candidates: readonly ExplainedCandidate[];
  /** As it was delivered. */
  readonly list: NamedList;
}

export interface HeardTrack {
  readonly title: string;
  readonly artist: string;
  /** Plays, those further back counting less. */
  readonly confidence: number;
}

export interface ExplainedCandidate {
  readonly title: string;
  readonly artist: string;
  /** The ranker's; differences are log odds of being played. */
  readonly score: number;
  /** 1-based, by score; ties by track. */
  readonly rank: number;
  /** 1-based place on the list, 0 where it is not on it. */
  readonly position: number;
  /** 1-based rank within each source, 0 where it did not offer it. */
  readonly rankBySource: Readonly<Record<SourceName, number>>;
  /** What the ranker saw; undefined where it is not known. */
  readonly features: Readonly<Record<(typeof featureNames)[number], number | undefined>>;
}

export interface ExplainerOptions {
  /** With the inputs of the stage `lists` as schemas. */
  readonly sql: Sql;
  /** What the stage was run with. */
  readonly options: ListsOptions;
  /** Folder of an input. */
  readonly input: (name: string) => string;
  readonly tf: Tensorflow;
  /** The compiled kernels of `model/kernels`. */
  readonly kernels: WebAssembly.Module;
  /** File of the model to explain. Default: the one that made the lists. */
  readonly model?: Uint8Array;
}

/** A track that one source alone offered. */
export interface ReachedTrack {
  readonly title: string;
  readonly artist: string;
  /** Listeners to whom it was offered, and those on whose lists it is. */
  readonly offered: number;
  readonly listed: number;
}

/** Makes lists of a week again, by the very code that made them, and says how. */
export class Explainer {
  readonly #sql: Sql;
  readonly #world: World;
  readonly #maker: ListMaker;
  readonly #week: string;
  readonly #model: string;
  #references: ListReferences | undefined;

  private constructor(sql: Sql, world: World, maker: ListMaker, week: string, model: string) {
    this.#sql = sql;
    this.#world = world;
    this.#maker = maker;
    this.#week = week;
    this.#model = model;
  }

  static async open(how: ExplainerOptions): Promise<Explainer> {
    const { sql, options, input, tf } = how;
    const path = join(input('gate'), rankerFile);
    const bytes = how.model ?? (await readFile(path));
    const columns = await readColumns(sql, { factors: input('factors') }, options.cutoff);
    const { kernels } = how;
    const world = openWorld(columns, { ...(await planWorld(columns, { kernels })), kernels });
    await readDelivered({ sql, options });
    const model = rankerVersion(bytes);
    const ranker = decodeRanker(bytes, how.model === undefined ? path : model);
    const notListed = await readWorksNotListed(sql, world);
    const maker = new ListMaker({
      ...{ ...options, world, notListed, tf, ranker, model },
      explain: true,
    });
    return new Explainer(sql, world, maker, options.week, model);
  }

  /** @throws Mistake `UNKNOWN_LISTENER` for someone who played nothing before the cut-off */
  async explain(user: string): Promise<ListExplained> {
    const [row] = await this.#sql.rows<{ listener: number; zone: string }>(
      `SELECT listener_ix AS listener, zone
       FROM catalogue.listeners JOIN snapshot.listeners USING (listener_ix)
       WHERE listener = $user`,
      { user },
    );
    if (row === undefined) {
      throw new Mistake(
        'UNKNOWN_LISTENER',
        `expected a listener who played something before ${this.#week}, got "${user}"`,
      );
    }
    const [choice] = this.#maker.choose(Int32Array.of(row.listener));
    return {
      heard: await this.#heard(row.listener),
      sources: reachOf([reached(choice!)]),
      candidates: await this.#candidates(choice!),
      list: await this.#list(user, row.zone, choice!),
    };
  }

  /** Listeners as examples: as many have played fewer tracks than each as between two of them. */
  async examples(count: number): Promise<string[]> {
    const played = Array.from(this.#world.listeners, (listener) => ({
      listener,
      tracks: listenerOf(this.#world, listener).tracks.length,
    })).sort((a, b) => a.tracks - b.tracks || a.listener - b.listener);
    const most = Math.min(count, played.length);
    const chosen = Array.from({ length: most }, (_, n) => {
      return played[Math.floor(((n + 1) * played.length) / (most + 1))]!.listener;
    });
    const rows = await this.#sql.rows<{ listener_ix: number; listener: string }>(
      'SELECT listener_ix, listener FROM catalogue.listeners',
    );
    const names = new Map(rows.map(({ listener_ix, listener }) => [listener_ix, listener]));
    return chosen.map((listener) => names.get(listener)!);
  }

  /** What the sources reach, over the listeners with the lowest index, at most so many. */
  reach(listeners: number): Reach[] {
    return reachOf(this.#choose(listeners).map(reached));
  }

  /**
   * Tracks that no other source offered, over as many listeners; the most often listed first, then
   * the most often offered, then by track.
   */
  async reachedOnlyBy(source: SourceName, listeners: number): Promise<ReachedTrack[]> {
    const counts = new Map<number, { offered: number; listed: number }>();
    for (const { tracks, from } of this.#choose(listeners)) {
      const { track, features } = from!;
      const onList = new Set(tracks);
      for (let c = 0; c < track.length; c++) {
        const others = sourceNames.filter((name) => rankWithin(features, c, name) > 0);
        if (others.length !== 1 || others[0] !== source) continue;
        const count = counts.get(track[c]!) ?? { offered: 0, listed: 0 };
        count.offered++;
        if (onList.has(track[c]!)) count.listed++;
        counts.set(track[c]!, count);
      }
    }
    const names = await this.#namesOf(Int32Array.from(counts.keys()));
    return [...counts]
      .sort(([a, one], [b, two]) => two.listed - one.listed || two.offered - one.offered || a - b)
      .map(([track, count]) => ({ ...names.get(track)!, ...count }));
  }

  #choose(listeners: number): ChosenList[] {
    return this.#maker.choose(this.#world.listeners.subarray(0, listeners));
  }

  async #heard(listener: number): Promise<HeardTrack[]> {
    const { tracks, trackConfidence } = listenerOf(this.#world, listener);
    const names = await this.#namesOf(tracks);
    return Array.from(tracks, (track, n) => ({
      ...names.get(track)!,
      confidence: trackConfidence[n]!,
    })).sort((a, b) => b.confidence - a.confidence); // stable: ties by track
  }

  async #candidates({ tracks, from }: ChosenList): Promise<ExplainedCandidate[]> {
    const { track, score, features } = from!;
    const names = await this.#namesOf(track);
    const position = new Map(Array.from(tracks, (listed, n) => [listed, n + 1]));
    const order = Int32Array.from(track, (_, c) => c).sort(
      (a, b) => score[b]! - score[a]! || track[a]! - track[b]!,
    );
    return Array.from(order, (c, n) => ({
      ...names.get(track[c]!)!,
      score: score[c]!,
      rank: n + 1,
      position: position.get(track[c]!) ?? 0,
      rankBySource: Object.fromEntries(
        sourceNames.map((source) => [source, rankWithin(features, c, source)]),
      ) as ExplainedCandidate['rankBySource'],
      features: Object.fromEntries(
        featureNames.map((name, f) => {
          const value = features[c * numFeatures + f]!;
          return [name, value === MISSING ? undefined : value];
        }),
      ) as ExplainedCandidate['features'],
    }));
  }

  async #list(user: string, zone: string, chosen: ChosenList): Promise<NamedList> {
    this.#references ??= await readReferences(this.#sql, this.#world);
    const stored = new ListEncoder(this.#references).encode(chosen);
    const mentioned = new Mentioned(this.#references);
    mentioned.add(stored);
    const names = await readNames(
      readTrackNames(this.#sql, mentioned.tracks()),
      readArtistNames(this.#sql, mentioned.artists()),
    );
    const tracks = nameTracks(stored, names);
    return { user, week: this.#week, zone, tracks, model: this.#model };
  }

  async #namesOf(tracks: Int32Array): Promise<Map<number, { title: string; artist: string }>> {
    await this.#sql.run('CREATE OR REPLACE TEMP TABLE asked_tracks (track_ix INTEGER)');
    await this.#sql.append(
      'asked_tracks',
      Array.from(tracks, (track) => [track]),
    );
    const rows = await this.#sql.rows<{ track_ix: number; title: string; artist: string }>(
      `SELECT track_ix, title, name AS artist
       FROM asked_tracks JOIN catalogue.tracks USING (track_ix)
       JOIN catalogue.artists USING (artist_ix)`,
    );
    return new Map(rows.map(({ track_ix, title, artist }) => [track_ix, { title, artist }]));
  }
}

function reached({ tracks, from }: ChosenList): { features: Float32Array; listed: number[] } {
  const { track, features } = from!;
  return { features, listed: Array.from(tracks, (listed) => track.indexOf(listed)) };
}
