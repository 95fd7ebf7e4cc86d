import zoneData from 'countries-and-timezones';
import { areaOf, canonicalZone } from './regions.ts';

/**
 * Why a track is on a list: a code and up to two references, so that a list can be stored with
 * numbers and put into words when it is read. Codes are stored: new ones are appended, none is
 * ever changed.
 */
export interface Reason {
  /** Index into `reasonKinds`. */
  readonly code: number;
  /** What the kind refers to, in the order of its words: indices of tracks, artists, terms, places. */
  readonly references: readonly number[];
}

export const reasonKinds = [
  { name: 'playedTrack', refersTo: ['track'], words: 'because you played {0}' },
  { name: 'playedArtist', refersTo: ['artist'], words: 'because you played {0}' },
  { name: 'playlisted', refersTo: ['track'], words: 'often playlisted with {0}' },
  { name: 'described', refersTo: ['term', 'artist'], words: 'described as {0}, like {1}' },
  { name: 'knownFor', refersTo: ['term', 'artist'], words: 'known for {0}, like {1}' },
  { name: 'writtenAbout', refersTo: ['artist'], words: 'described in the words used for {0}' },
  { name: 'moreBy', refersTo: ['artist'], words: 'more by {0}' },
  { name: 'fansPlay', refersTo: ['artist'], words: 'new to you: fans of {0} play it' },
  { name: 'popularIn', refersTo: ['place'], words: 'popular in {0}' },
  { name: 'popular', refersTo: [], words: 'popular around the world' },
  { name: 'alikeListeners', refersTo: [], words: 'played by listeners with your taste' },
  { name: 'muchWritten', refersTo: [], words: 'much written about this week' },
  { name: 'soundsLike', refersTo: ['track'], words: 'sounds like {0}' },
] as const;
export type ReasonKind = (typeof reasonKinds)[number]['name'];

/** What a source of candidates has to say for a track. */
export interface Evidence {
  readonly source: 'factors' | 'playlists' | 'text' | 'popularity' | 'artists' | 'audio';
  /** The track's lead artist. */
  readonly artist: number;
  /** Whether the listener has played that artist. */
  readonly artistPlayed: boolean;
  /**
   * Whom the source names, -1 for nobody: a track that the listener played (`factors`,
   * `playlists`, `audio`), an artist whom they play (`text`, `artists`), the track's own artist where much
   * is written about it (`text`), a place (`popularity`; -1: the world).
   */
  readonly because: number;
  /** Lead artist of that track; for the sources that name one. */
  readonly becauseArtist?: number;
  /** Term that describes both artists, for `text`, where there is one. */
  readonly term?: { readonly index: number; readonly adjective: boolean } | undefined;
}

/**
 * The reason that the evidence gives. A track by an artist whom the listener plays is `moreBy`
 * where the source would name that artist: "because you played Mogwai" is no news on Mogwai.
 */
export function reasonFor(evidence: Evidence): Reason {
  const { source, artist, artistPlayed, because, becauseArtist, term } = evidence;
  if (source === 'popularity') {
    return because === -1 ? reason('popular') : reason('popularIn', because);
  }
  if (source === 'playlists' && because !== -1) return reason('playlisted', because);
  if (source === 'audio' && because !== -1) return reason('soundsLike', because);
  const named = source === 'factors' || source === 'playlists' ? becauseArtist : because;
  if (artistPlayed && (because === -1 || named === artist)) return reason('moreBy', artist);
  if (because === -1) return reason('alikeListeners');
  if (source === 'factors') return reason('playedTrack', because);
  if (source === 'text' && because === artist) return reason('muchWritten');
  if (source === 'artists') return reason(artistPlayed ? 'playedArtist' : 'fansPlay', because);
  if (term === undefined) return reason('writtenAbout', because);
  return reason(term.adjective ? 'described' : 'knownFor', term.index, because);
}

/**
 * The reason in English, without mark-up, names as they are spelled.
 *
 * @param names - of the references, in their order; see `trackName` and `placeName`
 * @throws RangeError for a code that does not exist or the wrong number of names
 */
export function reasonText({ code }: Pick<Reason, 'code'>, names: readonly string[]): string {
  const kind = reasonKinds[code];
  if (kind === undefined) {
    throw new RangeError(`reason: expected a code of 0 to ${reasonKinds.length - 1}, got ${code}`);
  }
  if (names.length !== kind.refersTo.length) {
    throw new RangeError(
      `reason ${kind.name}: expected ${kind.refersTo.length} names, got ${names.length}`,
    );
  }
  const [first, ...rest] = wordsBetween[code]!;
  return rest.reduce((text, words, at) => text + names[at]! + words, first!);
}

/** For each code what stands before, between and after its references, which come in their order. */
const wordsBetween = reasonKinds.map(({ words }) => words.split(/\{\d\}/));

/** A track as reasons name it: `Teardrop by Massive Attack`. */
export function trackName(title: string, artist: string): string {
  return `${title} by ${artist}`;
}

/**
 * A place as reasons name it: the city of an IANA zone (`Asia/Jakarta`: "Jakarta"), or a country by
 * its ISO 3166-1 alpha-2 code (`NL`: "the Netherlands").
 *
 * @returns undefined for what is neither: "world", `Etc/UTC`, an unknown name
 */
export function placeName(place: string): string | undefined {
  if (/^[A-Z]{2}$/.test(place)) {
    const name = zoneData.getCountry(place)?.name;
    return name !== undefined && takesArticle.test(name) ? `the ${name}` : name;
  }
  if (zoneData.getTimezone(place) === null || areaOf(place) === 'Etc') return undefined;
  const zone = place.includes('/') ? place : canonicalZone(place);
  // US/Pacific and its kind name no city; what they stand for does.
  const city = /^(US|Canada|Brazil|Chile|Mexico)\//.test(zone) ? canonicalZone(zone) : zone;
  return city.slice(city.lastIndexOf('/') + 1).replaceAll('_', ' ');
}

const takesArticle =
  /^(United|Netherlands|Philippines|Bahamas|Maldives|Gambia|Comoros|Seychelles)|Republic|Islands?\b(?! \()|Territor|^Isle|^Caribbean/;

const codes = Object.fromEntries(reasonKinds.map(({ name }, code) => [name, code])) as Readonly<
  Record<ReasonKind, number>
>;

function reason(name: ReasonKind, ...references: number[]): Reason {
  return { code: codes[name], references };
}
