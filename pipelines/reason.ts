import {
  placeName,
  reasonFor,
  reasonKinds,
  reasonText,
  trackName,
  type Evidence,
} from '../model/reasons.ts';
import type { Chosen, Names, TrackNames } from './names.ts';

/** Why a track is on a list, in words: "often playlisted with Teardrop by Massive Attack". */
export function reasonOf(
  track: TrackNames,
  { source, because, artistPlayed }: Chosen['tracks'][number],
  names: Names,
): string {
  const place = because === -1 ? undefined : placeName(names.places[because] ?? '');
  const shared = names.shared.get(`${because} ${track.artist_ix}`);
  const evidence: Evidence = {
    source,
    artist: track.artist_ix,
    artistPlayed,
    because: source === 'popularity' && place === undefined ? -1 : because,
    ...(source === 'factors' || source === 'playlists'
      ? { becauseArtist: names.tracks.get(because)?.artist_ix ?? -1 }
      : {}),
    // There is one term at most in a reason: its index is only a mark.
    term: shared && { index: 0, adjective: shared.kind === 'adjective' },
  };
  const { code, references } = reasonFor(evidence);
  const words = references.map((reference, at) => {
    switch (reasonKinds[code]!.refersTo[at]) {
      case 'track': {
        const { title, artist } = names.tracks.get(reference)!;
        return trackName(title, artist);
      }
      case 'artist':
        return reference === track.artist_ix ? track.artist : names.artists.get(reference)!;
      case 'term':
        return shared!.term;
      default:
        return place!;
    }
  });
  return reasonText({ code }, words);
}
