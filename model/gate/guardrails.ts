import { z } from 'zod';
import { coverage, exposureOf, gini } from '../metrics.ts';

/** The lists of one listener: tracks by place, and what they had the week before. */
export interface TrialList {
  /** As many as there are; fewer than 30 is a short list. */
  readonly tracks: ArrayLike<number>;
  /** Works of the tracks of last week's list; empty where there was none. */
  readonly lastWorks: ReadonlySet<number>;
  /** Lead artists of last week's list. */
  readonly lastArtists: ReadonlySet<number>;
}

/** What the figures are computed on. */
export interface TrialCatalogue {
  /** [numTracks] lead artist of each track. */
  readonly artist: ArrayLike<number>;
  /** [numTracks] work of each track. */
  readonly work: ArrayLike<number>;
  /** [numArtists] listeners who have played each. */
  readonly artistListeners: ArrayLike<number>;
}

/** What a model's lists are like, all listeners of the trial together. */
export interface ListFigures {
  /** Share of the catalogue's tracks that are on any list. */
  readonly coverage: number;
  /** Inequality of exposure over all tracks, 0..1: `gini` of `model/metrics.ts`. */
  readonly gini: number;
  /** Share of the places that the most popular artists have: the top 1 %, at least one. */
  readonly popularShare: number;
  /** Mean share of a list whose works were on the listener's list of last week. */
  readonly overlap: number;
  /** Mean share of a list whose lead artists were on it. */
  readonly artistOverlap: number;
  /** Share of the listeners whose list has fewer than 30 tracks. */
  readonly shortLists: number;
}

/** How far a challenger's lists may be from the champion's. */
export const guardrailLimits = z.strictObject({
  /** Least coverage, as a share of the champion's. Default 0.8. */
  coverage: z.number().min(0).default(0.8),
  /** Least equality of exposure (1 - Gini), as a share of the champion's. Default 0.8. */
  equality: z.number().min(0).default(0.8),
  /** How much larger the share of the most popular artists may be, 0..1. Default 0.05. */
  popularShare: z.number().min(0).default(0.05),
  /** How much more of last week's list may return, 0..1. Default 0.02. */
  overlap: z.number().min(0).default(0.02),
  /** How much more of last week's artists may return, 0..1. Default 0.1. */
  artistOverlap: z.number().min(0).default(0.1),
  /** How many more of the lists may be short, 0..1. Default 0.005. */
  shortLists: z.number().min(0).default(0.005),
});
export type GuardrailLimits = z.infer<typeof guardrailLimits>;

export interface Guardrail {
  readonly name: keyof ListFigures;
  readonly champion: number;
  readonly challenger: number;
  /** The least or the most that the challenger may have. */
  readonly limit: number;
  readonly bound: 'least' | 'most';
  readonly holds: boolean;
}

/**
 * @param lists - one for each listener of the trial, also an empty one; without any, figures are 0
 * @param size - tracks of a whole list, default 30
 */
export function listFigures(
  lists: readonly TrialList[],
  { artist, work, artistListeners }: TrialCatalogue,
  size = 30,
): ListFigures {
  const popular = mostPopular(artistListeners);
  let places = 0;
  let popularPlaces = 0;
  let withLast = 0;
  const shares = { works: 0, artists: 0 };
  for (const { tracks, lastWorks, lastArtists } of lists) {
    let works = 0;
    let artists = 0;
    for (let place = 0; place < tracks.length; place++) {
      const track = tracks[place]!;
      if (popular.has(artist[track]!)) popularPlaces++;
      if (lastWorks.has(work[track]!)) works++;
      if (lastArtists.has(artist[track]!)) artists++;
    }
    places += tracks.length;
    if (lastArtists.size === 0 || tracks.length === 0) continue;
    withLast++;
    shares.works += works / tracks.length;
    shares.artists += artists / tracks.length;
  }
  const exposure = exposureOf(
    lists.map(({ tracks }) => tracks),
    artist.length,
  );
  return {
    coverage: places === 0 ? 0 : coverage(exposure),
    gini: places === 0 ? 0 : gini(exposure),
    popularShare: popularPlaces / Math.max(1, places),
    overlap: shares.works / Math.max(1, withLast),
    artistOverlap: shares.artists / Math.max(1, withLast),
    shortLists:
      lists.filter(({ tracks }) => tracks.length < size).length / Math.max(1, lists.length),
  };
}

/** Each figure against its limit. */
export function checkGuardrails(
  champion: ListFigures,
  challenger: ListFigures,
  limits: GuardrailLimits,
): Guardrail[] {
  const check = (name: keyof ListFigures, bound: 'least' | 'most', limit: number): Guardrail => {
    const value = challenger[name];
    const holds = bound === 'least' ? value >= limit : value <= limit;
    return { name, champion: champion[name], challenger: value, limit, bound, holds };
  };
  const above = (name: 'popularShare' | 'overlap' | 'artistOverlap' | 'shortLists') =>
    check(name, 'most', Math.min(1, champion[name] + limits[name]));
  return [
    check('coverage', 'least', champion.coverage * limits.coverage),
    check('gini', 'most', 1 - (1 - champion.gini) * limits.equality),
    above('popularShare'),
    above('overlap'),
    above('artistOverlap'),
    above('shortLists'),
  ];
}

/** The top 1 % of the artists that anybody played, at least one; ties go to the lower index. */
function mostPopular(artistListeners: ArrayLike<number>): Set<number> {
  const played = Array.from({ length: artistListeners.length }, (_, artist) => artist).filter(
    (artist) => artistListeners[artist]! > 0,
  );
  played.sort((a, b) => artistListeners[b]! - artistListeners[a]! || a - b);
  return new Set(played.slice(0, Math.max(1, Math.round(played.length / 100))));
}
