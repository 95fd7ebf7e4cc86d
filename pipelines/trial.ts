import { listFigures, type ListFigures, type TrialList } from '../model/gate/guardrails.ts';
import type { Ranker } from '../model/ranker/ranker.ts';
import { readWorksNotListed } from './heard.ts';
import { ListMaker, type ListMakerOptions } from './list-maker.ts';
import type { Sql } from './ports.ts';
import { nextTurn } from './turn.ts';

/** Listeners whose candidates are held in memory at a time. */
const shard = 250;

/** Lists that are made to be looked at, and given to nobody. */
export interface Trial {
  /** Listeners that get one. */
  readonly listeners: Int32Array;
  /** What the lists are like that a ranker makes for them. */
  figuresOf(ranker: Ranker, model: string): Promise<ListFigures>;
}

export interface TrialOptions extends Omit<ListMakerOptions, 'ranker' | 'model' | 'notListed'> {
  readonly sql: Sql;
  /** Listeners at most; they are spread evenly over all by index. */
  readonly most: number;
  /** Whether there are lists of last week: the input `previous-0`. */
  readonly hasLast: boolean;
  readonly signal: AbortSignal;
}

/** Reads `delivered` and, where there is one, `previous-0.listed`. */
export async function openTrial(options: TrialOptions): Promise<Trial> {
  const { sql, world, most, signal } = options;
  const notListed = await readWorksNotListed(sql, world);
  const all = world.listeners;
  const size = Math.min(most, all.length);
  const listeners = Int32Array.from({ length: size }, (_, n) => {
    return all[Math.floor((n * all.length) / size)]!;
  });
  const last = await lastLists(options);
  const none: ReadonlySet<number> = new Set();
  return {
    listeners,
    async figuresOf(ranker, model) {
      const maker = new ListMaker({ ...options, notListed, ranker, model });
      const lists: TrialList[] = [];
      try {
        for (let from = 0; from < size; from += shard) {
          for (const chosen of maker.choose(listeners.subarray(from, from + shard))) {
            const before = last.get(chosen.listener);
            lists.push({
              tracks: [...chosen.tracks],
              lastWorks: before?.works ?? none,
              lastArtists: before?.artists ?? none,
            });
          }
          await nextTurn(signal);
        }
      } finally {
        maker.dispose();
      }
      const { tracks, popularity } = world;
      return listFigures(
        lists,
        { artist: tracks.artist, work: tracks.work, artistListeners: popularity.artistListeners },
        options.assembly.size,
      );
    },
  };
}

async function lastLists({
  sql,
  world,
  hasLast,
}: TrialOptions): Promise<Map<number, { works: Set<number>; artists: Set<number> }>> {
  const last = new Map<number, { works: Set<number>; artists: Set<number> }>();
  if (!hasLast) return last;
  const { listener_ix, track_ix } = await sql.columns<'listener_ix' | 'track_ix'>(
    `SELECT listener_ix, track_ix FROM "previous-0".listed
     JOIN catalogue.listeners USING (listener)
     JOIN catalogue.tracks USING (track_id)
     ORDER BY listener_ix, track_ix`,
  );
  for (const [row, listener] of listener_ix.entries()) {
    let found = last.get(listener);
    if (found === undefined) last.set(listener, (found = { works: new Set(), artists: new Set() }));
    const track = track_ix[row]!;
    found.works.add(world.tracks.work[track]!);
    found.artists.add(world.tracks.artist[track]!);
  }
  return last;
}
