import { readTracks, type StoredTracks } from '../model/listed-tracks.ts';
import { placeName, reasonKinds, reasonText, trackName } from '../model/reasons.ts';
import type { ListedTrack, TrackName } from './lists.ts';

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
  return readTracks(stored).map(({ trackId, source, reason, references }) => {
    const { refersTo } = reasonKinds[reason]!;
    const words = references.map((reference, at) => spell[refersTo[at]!](reference));
    return { ...track(trackId), reason: reasonText({ code: reason }, words), source };
  });
}

/** All ids that a list refers to, some of them more than once. */
export function idsOf(stored: StoredTracks): { tracks: string[]; artists: string[] } {
  const tracks: string[] = [];
  const artists: string[] = [];
  for (const { trackId, reason, references } of readTracks(stored)) {
    tracks.push(trackId);
    reasonKinds[reason]!.refersTo.forEach((what, at) => {
      if (what === 'track') tracks.push(references[at]!);
      if (what === 'artist') artists.push(references[at]!);
    });
  }
  return { tracks, artists };
}

/** Names that are at hand, as `nameTracks` asks for them. */
export function namesIn(
  tracks: Iterable<TrackName>,
  artists: Iterable<{ readonly artistId: string; readonly name: string }>,
): ListNames {
  const trackById = new Map(Array.from(tracks, (track) => [track.trackId, track]));
  const artistById = new Map(Array.from(artists, ({ artistId, name }) => [artistId, name]));
  return { track: (id) => trackById.get(id), artist: (id) => artistById.get(id) };
}

function nameless(what: string, id: string): never {
  throw new RangeError(`list: expected a name of ${what} ${id}, got none`);
}
