import { rowsThatHold } from '../model/candidates/listener.ts';
import { planRetrieval, type RetrievalPlan } from '../model/retrieval/plan.ts';
import type { Factors } from '../model/candidates/listener.ts';
import type { Threads } from '../model/recommend/recommender.ts';
import { shareArrays } from '../model/shared.ts';
import type { WorldColumns } from './world-columns.ts';

/** Where the best tracks and artists of each listener are looked for. */
export interface WorldRetrieval {
  readonly tracks: RetrievalPlan;
  /** In the groups of the tracks. */
  readonly artists: RetrievalPlan;
  /** Rows that may be found: played tracks, and artists with tracks, that have factors. */
  readonly trackRows: Int32Array;
  readonly artistRows: Int32Array;
}

/** Tracks that are found for each listener: many more than are offered, since some are heard. */
const tracksFound = 200;
/** Artists: as many as a source offers tracks. */
const artistsFound = 120;

export interface RetrievalMeans {
  readonly kernels: WebAssembly.Module;
  readonly threads?: Threads;
  readonly signal?: AbortSignal;
}

/** The same world, the same plan, whatever the number of threads. */
export async function planWorld(
  world: Pick<
    WorldColumns,
    | 'played'
    | 'artistTracks'
    | 'trackFactors'
    | 'artistFactors'
    | 'listenersOfTracks'
    | 'listenersOfArtists'
  >,
  means: RetrievalMeans,
): Promise<WorldRetrieval> {
  const trackRows = withFactors(world.trackFactors, world.played);
  const artistRows = withFactors(world.artistFactors, rowsThatHold(world.artistTracks));
  const tracks = await planRetrieval(
    world.listenersOfTracks,
    world.trackFactors,
    trackRows,
    { k: tracksFound },
    means,
  );
  const artists = await planRetrieval(
    world.listenersOfArtists,
    world.artistFactors,
    artistRows,
    { k: artistsFound, along: tracks },
    means,
  );
  return { tracks: shareArrays(tracks), artists: shareArrays(artists), trackRows, artistRows };
}

/** Rows that are not zero: a zero one would be found before those that speak against an item. */
function withFactors({ numFactors, values }: Factors, rows: Int32Array): Int32Array {
  return rows.filter((row) => {
    for (let f = row * numFactors; f < (row + 1) * numFactors; f++) {
      if (values[f] !== 0) return true;
    }
    return false;
  });
}
