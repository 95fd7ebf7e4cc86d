import { sourceNames } from '../model/candidates/pool.ts';
import { idOf } from '../model/ids.ts';
import { visitTracks, type StoredTracks } from '../model/listed-tracks.ts';
import { placeName, reasonKinds, reasonText, trackName } from '../model/reasons.ts';
import type { ArtistName, FrozenLists, ListedTrack, TrackName } from './lists.ts';

/** What tracks and artists are called, by the bits of their ids; see `model/ids.ts`. */
export interface ListNames {
  track(low: number, high: number): TrackName | undefined;
  artist(low: number, high: number): string | undefined;
}

/**
 * A stored list as it is read: names put to its tracks, its reasons in words.
 *
 * @throws RangeError for bytes that are no list, and for an id without a name
 */
export function nameTracks(stored: StoredTracks, names: ListNames): ListedTrack[] {
  const listed: ListedTrack[] = [];
  const trackOf = (low: number, high: number) =>
    names.track(low, high) ?? nameless('track', idOf('track', low, high));
  // Of the track that was begun last: its references come after it.
  let name: TrackName | undefined;
  let [source, code] = [0, 0];
  let words: string[] = [];
  const finish = () => {
    if (name === undefined) return;
    listed.push(listedTrackOf(name, reasonText({ code }, words), sourceNames[source]!));
  };
  visitTracks(stored, {
    track(low, high, itsSource, itsReason) {
      finish();
      name = trackOf(low, high);
      [source, code] = [itsSource, itsReason];
      words = [];
    },
    key(what, low, high) {
      if (what === 'artist') {
        words.push(names.artist(low, high) ?? nameless('artist', idOf('artist', low, high)));
      } else {
        const { title, artists } = trackOf(low, high);
        words.push(trackName(title, artists[0]!));
      }
    },
    word(word) {
      const isPlace = reasonKinds[code]!.refersTo[words.length] === 'place';
      words.push(isPlace ? (placeName(word) ?? nameless('place', word)) : word);
    },
  });
  finish();
  return listed;
}

/** `{ ...name, reason, source }`, in a tenth of its time. */
function listedTrackOf(
  { trackId, title, artists, artistId, album, lengthS }: TrackName,
  reason: string,
  source: ListedTrack['source'],
): ListedTrack {
  const listed: Partial<ListedTrack> = { trackId, title, artists, artistId };
  if (album !== undefined) listed.album = album;
  if (lengthS !== undefined) listed.lengthS = lengthS;
  listed.reason = reason;
  listed.source = source;
  return listed as ListedTrack;
}

/** All ids that a list refers to, some of them more than once. */
export function idsOf(stored: StoredTracks): { tracks: string[]; artists: string[] } {
  const tracks: string[] = [];
  const artists: string[] = [];
  visitTracks(stored, {
    track: (low, high) => void tracks.push(idOf('track', low, high)),
    key: (what, low, high) => {
      (what === 'track' ? tracks : artists).push(idOf(what, low, high));
    },
  });
  return { tracks, artists };
}

/** Names that are at hand, as `nameTracks` asks for them. */
export function namesIn(tracks: Iterable<TrackName>, artists: Iterable<ArtistName>): ListNames {
  const trackById = new Map(Array.from(tracks, (track) => [track.trackId, track]));
  const artistById = new Map(Array.from(artists, ({ artistId, name }) => [artistId, name]));
  return {
    track: (low, high) => trackById.get(idOf('track', low, high)),
    artist: (low, high) => artistById.get(idOf('artist', low, high)),
  };
}

/** Names of all that some lists of a week refer to. */
export async function namesOf(
  frozen: FrozenLists,
  lists: Iterable<StoredTracks>,
): Promise<ListNames> {
  const wanted = new Set<string>();
  for (const list of lists) {
    const { tracks, artists } = idsOf(list);
    for (const id of tracks) wanted.add(id);
    for (const id of artists) wanted.add(id);
  }
  return readNames(frozen.trackNames(), frozen.artistNames(), (id) => wanted.has(id));
}

/** @param wanted - which ids are kept; default: all */
export async function readNames(
  tracks: AsyncIterable<TrackName>,
  artists: AsyncIterable<ArtistName>,
  wanted: (id: string) => boolean = () => true,
): Promise<ListNames> {
  const keptTracks: TrackName[] = [];
  for await (const name of tracks) if (wanted(name.trackId)) keptTracks.push(name);
  const keptArtists: ArtistName[] = [];
  for await (const name of artists) if (wanted(name.artistId)) keptArtists.push(name);
  return namesIn(keptTracks, keptArtists);
}

/** A listener's list of a week, as it is read. */
export interface NamedList {
  readonly user: string;
  readonly week: string;
  readonly zone: string;
  readonly tracks: readonly ListedTrack[];
  /** Version of the ranker. */
  readonly model: string;
}

function nameless(what: string, id: string): never {
  throw new RangeError(`list: expected a name of ${what} ${id}, got none`);
}
