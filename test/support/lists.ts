import { createHash } from 'node:crypto';
import { idKeys } from '../../model/ids.ts';
import { TracksWriter } from '../../model/listed-tracks.ts';
import type { ChosenList } from '../../model/assembly/list-chooser.ts';
import { sourceNames, type SourceName } from '../../model/candidates/pool.ts';
import { reasonKinds, type ReasonKind } from '../../model/reasons.ts';
import { mondayStart } from '../../model/week.ts';
import type { ArtistName, PlaylistDocument, TrackName, WeeklyList } from '../../pipelines/lists.ts';

const listSize = 30;
const mogwai: ArtistName = { artistId: idOf('a', 'Mogwai'), name: 'Mogwai' };

/**
 * A list of 30 tracks that are told apart by `flavour`: "because you played Mogwai" but for tracks
 * 1 to 3, which are "described as dreamy, like Mogwai", "popular in Jakarta" and "often playlisted
 * with Title 0 by Artist 0".
 */
export function listFor(user: string, flavour = 'a'): WeeklyList {
  const { tracks } = namesFor(flavour);
  const keys = idKeys(tracks.map(({ trackId }) => trackId));
  const artistKeys = idKeys([mogwai.artistId]);
  const writer = new TracksWriter();
  const source = sourceNames.indexOf('factors');
  const code = (name: ReasonKind) => reasonKinds.findIndex((kind) => kind.name === name);
  for (let n = 0; n < listSize; n++) {
    if (n === 1) {
      writer.track(source, code('described'), keys, n);
      writer.word('dreamy');
      writer.key(artistKeys, 0);
    } else if (n === 2) {
      writer.track(source, code('popularIn'), keys, n);
      writer.word('Asia/Jakarta');
    } else if (n === 3) {
      writer.track(source, code('playlisted'), keys, n);
      writer.key(keys, 0);
    } else {
      writer.track(source, code('playedArtist'), keys, n);
      writer.key(artistKeys, 0);
    }
  }
  return { user, ...writer.finish() };
}

/** Names of all that `listFor` refers to, in the order of the list. */
export function namesFor(flavour = 'a'): { tracks: TrackName[]; artists: ArtistName[] } {
  const tracks = Array.from({ length: listSize }, (_, n) => ({
    trackId: idOf('t', `${flavour}-${n}`),
    title: `Title ${n}`,
    artists: [`Artist ${n}`, 'Guest'],
    artistId: idOf('a', `Artist ${n}`),
    ...(n % 2 === 0 ? { album: `Album ${n}`, lengthS: 180 + n } : {}),
  }));
  return { tracks, artists: [mogwai] };
}

/** An id that is the same for the same seed. */
export function idOf(letter: 't' | 'a', seed: string): string {
  return letter + createHash('sha256').update(`${letter}${seed}`).digest('hex').slice(0, 15);
}

/** The list as it is stored. */
export function documentFor(
  user: string,
  week: string,
  zone: string,
  {
    revision = 1,
    flavour = 'a',
    picture,
  }: { revision?: number; flavour?: string; picture?: string } = {},
): PlaylistDocument {
  return {
    ...listFor(user, flavour),
    _id: `${user}:${week}`,
    v: 2,
    week,
    zone,
    validFrom: new Date(mondayStart(week, zone)),
    model: 'ranker-test',
    revision,
    order: `${week}:${zone}:${revision}`,
    ...(picture === undefined ? {} : { picture }),
    storedAt: new Date(mondayStart(week, zone) - 3_600_000),
  };
}

/** A track chosen for a list, as tests write it down. */
export interface ChosenTrack {
  readonly track: number;
  readonly source: SourceName;
  readonly because: number;
  readonly artistPlayed: boolean;
}

export function chosenList(
  tracks: readonly ChosenTrack[],
  { listener = 0, candidates = 240 } = {},
): ChosenList {
  return {
    ...{ listener, candidates },
    tracks: Int32Array.from(tracks, ({ track }) => track),
    source: Uint8Array.from(tracks, ({ source }) => sourceNames.indexOf(source)),
    because: Int32Array.from(tracks, ({ because }) => because),
    artistPlayed: Uint8Array.from(tracks, ({ artistPlayed }) => (artistPlayed ? 1 : 0)),
  };
}
