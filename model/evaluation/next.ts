import { clicks, hitAt, ndcgAt, recallAt, rPrecision } from '../metrics.ts';

/** Length of a list. */
export const listSize = 30;
/** How far a ranking goes: clicks look at the first 500 (RecSys Challenge 2018). */
export const rankingDepth = 500;

/** The figures of a list, by name; see `metrics.ts` for their formulas. */
export const nextMetrics = ['recall@30', 'ndcg@30', 'rPrecision', 'clicks', 'hit@30'] as const;
export type NextMetric = (typeof nextMetrics)[number];

/**
 * What is to be found.
 *
 * - `track`: the works played for the first time (any version of a work is the work);
 * - `artist`: their lead artists;
 * - `newArtist`: of these, artists whom the listener had never played;
 * - `rareArtist`: of these, artists whom few listeners had played;
 * - `newArtistTrack`, `rareArtistTrack`: the works of such artists.
 *
 * An artist is found where the first track of theirs stands; the further ones fill places.
 */
export const nextLevels = [
  'track',
  'artist',
  'newArtist',
  'rareArtist',
  'newArtistTrack',
  'rareArtistTrack',
] as const;
export type NextLevel = (typeof nextLevels)[number];

/** `track/ndcg@30` */
export type NextFigure = `${NextLevel}/${NextMetric}`;

/** A work that a listener played for the first time after the cut-off. */
export interface FirstPlay {
  readonly work: number;
  /** Lead artist. */
  readonly artist: number;
  /** Whether the listener had never played the artist. */
  readonly newArtist: boolean;
  /** Whether few listeners had. */
  readonly rareArtist: boolean;
}

/** A ranking of up to `rankingDepth` tracks, best first: the work and the lead artist of each. */
export interface RankedTracks {
  readonly works: ArrayLike<number>;
  readonly artists: ArrayLike<number>;
}

/** The sets to be found at each level, from all that a listener played first. */
export function relevantOf(
  plays: readonly FirstPlay[],
): Readonly<Record<NextLevel, ReadonlySet<number>>> {
  const works = (of: readonly FirstPlay[]) => new Set(of.map(({ work }) => work));
  const artists = (of: readonly FirstPlay[]) => new Set(of.map(({ artist }) => artist));
  const byNew = plays.filter(({ newArtist }) => newArtist);
  const byRare = plays.filter(({ rareArtist }) => rareArtist);
  return {
    track: works(plays),
    artist: artists(plays),
    newArtist: artists(byNew),
    rareArtist: artists(byRare),
    newArtistTrack: works(byNew),
    rareArtistTrack: works(byRare),
  };
}

/** All figures of one ranking; NaN at a level where nothing is to be found. */
export function figuresOf(
  ranking: RankedTracks,
  relevant: ReturnType<typeof relevantOf>,
): Record<NextFigure, number> {
  const figures: Partial<Record<NextFigure, number>> = {};
  for (const level of nextLevels) {
    const ranked = level.endsWith('rtist') ? ranking.artists : ranking.works;
    const found = relevant[level];
    figures[`${level}/recall@30`] = recallAt(listSize, ranked, found);
    figures[`${level}/ndcg@30`] = ndcgAt(listSize, ranked, found);
    figures[`${level}/rPrecision`] = rPrecision(ranked, found);
    figures[`${level}/clicks`] = clicks(ranked, found);
    figures[`${level}/hit@30`] = hitAt(listSize, ranked, found);
  }
  return figures as Record<NextFigure, number>;
}

/**
 * The figures of several ways to rank, for the same pairs of listener and cut-off, in the order in
 * which they were added.
 */
export class NextFigures {
  /** [numPairs] the listener of each, any whole number. */
  readonly listeners: number[] = [];
  /** [numPairs] listens before the cut-off. */
  readonly listens: number[] = [];
  readonly #columns = new Map<string, Map<NextFigure, number[]>>();

  /** Names of the ways, in the order of the first pair. */
  get ways(): readonly string[] {
    return [...this.#columns.keys()];
  }

  /** @throws RangeError where a way is missing that other pairs have, or is new */
  add(
    pair: { readonly listener: number; readonly listens: number },
    plays: readonly FirstPlay[],
    rankings: Readonly<Record<string, RankedTracks>>,
  ): void {
    const ways = Object.keys(rankings);
    if (this.listeners.length > 0 && ways.join() !== this.ways.join()) {
      throw new RangeError(`figures: expected rankings ${this.ways.join()}, got ${ways.join()}`);
    }
    const relevant = relevantOf(plays);
    for (const [way, ranking] of Object.entries(rankings)) {
      const columns = this.#columns.get(way) ?? new Map<NextFigure, number[]>();
      this.#columns.set(way, columns);
      for (const [name, value] of Object.entries(figuresOf(ranking, relevant))) {
        const column = columns.get(name as NextFigure);
        if (column === undefined) columns.set(name as NextFigure, [value]);
        else column.push(value);
      }
    }
    this.listeners.push(pair.listener);
    this.listens.push(pair.listens);
  }

  /** [numPairs]; NaN where there was nothing to find at the level. */
  of(way: string, figure: NextFigure): readonly number[] {
    return this.#columns.get(way)?.get(figure) ?? [];
  }
}
