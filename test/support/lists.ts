import type { PlaylistDocument, WeeklyList } from '../../pipelines/lists.ts';
import { mondayStart } from '../../model/week.ts';

/** A list of 30 tracks that are told apart by `flavour`. */
export function listFor(user: string, week: string, zone: string, flavour = 'a'): WeeklyList {
  return {
    user,
    week,
    zone,
    tracks: Array.from({ length: 30 }, (_, n) => ({
      trackId: `t-${flavour}-${n}`,
      title: `Title ${n}`,
      artists: [`Artist ${n}`, 'Guest'],
      artistId: `a-${n}`,
      ...(n % 2 === 0 ? { album: `Album ${n}`, lengthS: 180 + n } : {}),
      reason: 'because you played Mogwai',
      source: 'factors' as const,
    })),
    model: 'ranker-test',
  };
}

/** The list as it is stored. */
export function documentFor(
  user: string,
  week: string,
  zone: string,
  { revision = 1, flavour = 'a' } = {},
): PlaylistDocument {
  const { tracks, model } = listFor(user, week, zone, flavour);
  return {
    _id: `${user}:${week}`,
    v: 1,
    user,
    week,
    zone,
    validFrom: new Date(mondayStart(week, zone)),
    tracks,
    model,
    revision,
    order: `${week}:${zone}:${revision}`,
    cover: 'c'.repeat(64),
    storedAt: new Date(mondayStart(week, zone) - 3_600_000),
  };
}
