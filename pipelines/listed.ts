import { readTracks, type ListedId, type StoredTracks } from '../model/listed-tracks.ts';
import { placeName, reasonKinds, reasonText, trackName } from '../model/reasons.ts';
import type { ArtistName, FrozenLists, ListedTrack, TrackName } from './lists.ts';

/** What tracks and artists are called. */
export interface ListNames {
  track(id: string): TrackName | undefined;
  artist(id: string): string | undefined;
}

/**
 * A stored list as it is read: names put to its tracks, its reasons in words.
 *
 * @throws RangeError for bytes that are no list, and for an id without a name
 */
export function nameTracks(stored: StoredTracks, names: ListNames): ListedTrack[] {
  return nameListed(readTracks(stored), names);
}

/** `nameTracks` of tracks that are read already. */
export function nameListed(listed: readonly ListedId[], names: ListNames): ListedTrack[] {
  const track = (id: string) => names.track(id) ?? nameless('track', id);
  const spell = {
    track(id: string) {
      const { title, artists } = track(id);
      return trackName(title, artists[0]!);
    },
    artist: (id: string) => names.artist(id) ?? nameless('artist', id),
    term: (word: string) => word,
    place: (word: string) => placeName(word) ?? nameless('place', word),
  };
  return listed.map(({ trackId, source, reason, references }) => {
    const { refersTo } = reasonKinds[reason]!;
    const words = references.map((reference, at) => spell[refersTo[at]!](reference));
    return listedTrackOf(track(trackId), reasonText({ code: reason }, words), source);
  });
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
  return idsOfListed(readTracks(stored));
}

/** `idsOf` tracks that are read already. */
export function idsOfListed(listed: readonly ListedId[]): { tracks: string[]; artists: string[] } {
  const tracks: string[] = [];
  const artists: string[] = [];
  for (const { trackId, reason, references } of listed) {
    tracks.push(trackId);
    reasonKinds[reason]!.refersTo.forEach((what, at) => {
      if (what === 'track') tracks.push(references[at]!);
      if (what === 'artist') artists.push(references[at]!);
    });
  }
  return { tracks, artists };
}

/** Names that are at hand, as `nameTracks` asks for them. */
export function namesIn(tracks: Iterable<TrackName>, artists: Iterable<ArtistName>): ListNames {
  const trackById = new Map(Array.from(tracks, (track) => [track.trackId, track]));
  const artistById = new Map(Array.from(artists, ({ artistId, name }) => [artistId, name]));
  return { track: (id) => trackById.get(id), artist: (id) => artistById.get(id) };
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
