import { createHash } from 'node:crypto';
import { sourceNames } from '../../model/candidates/pool.ts';
import { idKeys } from '../../model/ids.ts';
import { TracksWriter } from '../../model/listed-tracks.ts';
import { reasonKinds, type ReasonKind } from '../../model/reasons.ts';
import type { FrozenLists, TrackName, WeeklyList } from '../../pipelines/lists.ts';

/** Zones whose Mondays come within two hours of each other. */
export const benchZones = ['Africa/Lagos', 'Europe/Berlin', 'Europe/Helsinki', 'Europe/London'];

const code = (name: ReasonKind) => reasonKinds.findIndex((kind) => kind.name === name);
/** One after the other over the tracks of a list. */
const reasons = (
  ['playlisted', 'playedArtist', 'moreBy', 'described', 'alikeListeners', 'popularIn'] as const
).map(code);
const terms = ['dreamy', 'post-rock', 'mellow', 'danceable', 'acoustic', 'female vocalists'];

export interface BenchLists extends FrozenLists {
  /** The list of the listener of an index over all zones. */
  list(index: number, zone: string): WeeklyList;
}

export function benchUser(index: number): string {
  return `listener-${String(index).padStart(8, '0')}`;
}

/** The zone of the listener of an index. */
export function benchZone(index: number): string {
  return benchZones[index % benchZones.length]!;
}

/**
 * Lists of ids that cost next to nothing to make: 30 tracks each, with reasons of six kinds. Tracks
 * are drawn with a popularity that falls as 1 / rank; the same index has the same list.
 */
export function benchLists(week: string, numLists: number, numTracks = 100_000): BenchLists {
  const trackIds = Array.from({ length: numTracks }, (_, n) => idOf('t', n));
  const artistIds = Array.from({ length: Math.ceil(numTracks / 5) }, (_, n) => idOf('a', n));
  const tracks = idKeys(trackIds);
  const artists = idKeys(artistIds);
  const writer = new TracksWriter();
  const spread = Math.log(numTracks);
  const zones = benchZones.map((zone, z) => ({
    zone,
    listeners: Math.ceil((numLists - z) / benchZones.length),
  }));

  function list(index: number, zone: string): WeeklyList {
    let state = (index * 2_654_435_761 + 12_345) >>> 0;
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    const draw = () => Math.min(numTracks - 1, Math.floor(Math.exp(random() * spread)) - 1);
    for (let n = 0; n < 30; n++) {
      const reason = reasons[n % reasons.length]!;
      const track = draw();
      writer.track(n % sourceNames.length, reason, tracks, track);
      for (const what of reasonKinds[reason]!.refersTo) {
        if (what === 'track') writer.key(tracks, draw());
        else if (what === 'artist') writer.key(artists, Math.floor(draw() / 5));
        else if (what === 'term') writer.word(terms[(index + n) % terms.length]!);
        else writer.word(zone);
      }
    }
    return { user: benchUser(index), ...writer.finish() };
  }

  return {
    week,
    fingerprint: createHash('sha256').update(`${week} ${numLists}`).digest('hex').slice(0, 16),
    model: 'ranker-0123456789ab',
    zones,
    list,
    // eslint-disable-next-line @typescript-eslint/require-await
    async *read(zone) {
      const first = benchZones.indexOf(zone);
      for (let n = first; n < numLists; n += benchZones.length) yield list(n, zone);
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async *trackNames() {
      for (const [n, trackId] of trackIds.entries()) {
        yield nameOf(trackId, n, artistIds[Math.floor(n / 5)]!);
      }
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async *artistNames() {
      for (const [n, artistId] of artistIds.entries()) yield { artistId, name: `Artist ${n} & Co` };
    },
  };
}

function nameOf(trackId: string, n: number, artistId: string): TrackName {
  return {
    trackId,
    title: `The title of track ${n}`,
    artists: [`Artist ${Math.floor(n / 5)} & Co`],
    artistId,
    album: `An album of theirs, ${Math.floor(n / 10)}`,
    lengthS: 180 + (n % 120),
  };
}

function idOf(letter: 't' | 'a', n: number): string {
  return letter + createHash('sha256').update(`${letter}${n}`).digest('hex').slice(0, 15);
}
