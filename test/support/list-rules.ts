import { artistKey, parseCredits, titleKeys } from '../../model/matching.ts';
import type { ListedTrack } from '../../pipelines/lists.ts';
import type { NamedDocument } from './command-line.ts';
import type { RawListen } from './real-data.ts';

/** The rules that a stored list breaks, whoever its listener is; empty where it is as it should be. */
export function brokenRules({ tracks, zone, validFrom, model, week }: NamedDocument): string[] {
  const broken: string[] = [];
  if (tracks.length !== 30) broken.push(`${tracks.length} tracks`);
  const twice = (what: string, keys: readonly string[]) => {
    const again = keys.find((key, n) => keys.indexOf(key) !== n);
    if (again !== undefined) broken.push(`${what} twice: ${again}`);
  };
  twice(
    'track',
    tracks.map(({ trackId }) => trackId),
  );
  twice(
    'lead artist',
    tracks.map(({ artistId }) => artistId),
  );
  twice(
    'lead artist by name',
    tracks.map(({ artists }) => artistKey(artists[0]!)),
  );
  twice(
    'lead artist by spelling',
    tracks.map(({ artists }) => artists[0]!.toLowerCase()),
  );
  for (const { title, artists, reason } of tracks) {
    if (title.trim() === '' || artists.some((artist) => artist.trim() === '')) {
      broken.push(`a nameless track: ${artists.join(', ')} - ${title}`);
    }
    if (!isSensible(reason)) broken.push(`the reason "${reason}"`);
  }
  if (!/^ranker-[0-9a-f]{12}$/.test(model)) broken.push(`the model "${model}"`);
  const begins = localTime(validFrom, zone);
  if (begins !== `Mon ${mondayOf(week)}, 00:00:00`) broken.push(`valid from ${begins} in ${zone}`);
  return broken;
}

/** Words, the names in them whole, nothing that a program has left. */
export function isSensible(reason: string): boolean {
  return (
    /^(because you played|often playlisted with|described|known for|more by|new to you|popular|played by|sounds like) ?\S/.test(
      reason,
    ) &&
    reason.split(' ').length >= 3 &&
    !/undefined|null|NaN|\[object|\{\d\}|^\s|\s$|\s{2}|\b[at][0-9a-f]{15}\b/.test(reason)
  );
}

/** `2014-09-01`, by the calendar of the language alone: week 1 is the one with 4 January. */
export function mondayOf(week: string): string {
  const fourth = new Date(Date.UTC(Number(week.slice(0, 4)), 0, 4));
  const sinceMonday = (fourth.getUTCDay() + 6) % 7;
  const days = 7 * (Number(week.slice(6)) - 1) - sinceMonday;
  return new Date(fourth.getTime() + days * 86_400_000).toISOString().slice(0, 10);
}

/** `Mon 2014-09-01, 00:00:00`, by Intl. @throws RangeError for an unknown zone */
function localTime(instant: Date, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(instant);
  const part = (wanted: string) => parts.find(({ type }) => type === wanted)!.value;
  return `${part('weekday')} ${part('year')}-${part('month')}-${part('day')}, ${part('hour')}:${part('minute')}:${part('second')}`;
}

/** What each listener has heard, as two judges see it. */
export class Heard {
  readonly #spelled = new Map<string, Set<string>>();
  readonly #works = new Map<string, Set<string>>();
  /** By lead artist and title as listed: asked often. */
  readonly #listed = new Map<string, string>();
  readonly #isKnown: (name: string) => boolean;

  /**
   * @param listens - of the file
   * @param before - only listens before this instant (ISO 8601) count
   * @param leads - names of the artists that lists hold: only they can be heard again
   */
  constructor(listens: readonly RawListen[], before: string, leads: Iterable<string>) {
    const known = new Set(Array.from(leads, artistKey));
    this.#isKnown = (name) => known.has(artistKey(name));
    for (const { timestamp_utc, user, artist, track } of listens) {
      if (timestamp_utc >= before) continue;
      setOf(this.#spelled, user).add(spelled(artist, track));
      const works = setOf(this.#works, user);
      works.add(this.#workOf(artist, track, this.#isKnown));
      works.add(this.#workOf(artist, track, () => false));
    }
  }

  /** Listeners with a listen before. */
  get listeners(): string[] {
    return [...this.#spelled.keys()].sort();
  }

  /** Whether a listener has heard a track in any version of the work, or under the same spelling. */
  has(user: string, track: ListedTrack): boolean {
    const { artists, title } = track;
    const spellings = [
      artists[0]!,
      artists.join(', '),
      artists.join(' & '),
      artists.join(' feat. '),
    ];
    return (
      this.#works.get(user)?.has(this.workOf(track)) === true ||
      spellings.some((artist) => this.#spelled.get(user)?.has(spelled(artist, title)) === true)
    );
  }

  /** The key of a work, for comparing within these. */
  workOf({ artists, title }: ListedTrack): string {
    const name = `${artists[0]!}|${title}`;
    let work = this.#listed.get(name);
    if (work === undefined) {
      work = this.#workOf(artists[0]!, title, this.#isKnown);
      this.#listed.set(name, work);
    }
    return work;
  }

  #workOf(artist: string, title: string, isKnown: (name: string) => boolean): string {
    const credits = parseCredits(artist, title, isKnown);
    return `${artistKey(credits.lead)}|${titleKeys(credits.title).work}`;
  }
}

/** What anybody would compare: the two names in lower case. */
function spelled(artist: string, title: string): string {
  return `${artist.trim().toLowerCase()}|${title.trim().toLowerCase()}`;
}

function setOf(map: Map<string, Set<string>>, key: string): Set<string> {
  let set = map.get(key);
  if (set === undefined) map.set(key, (set = new Set()));
  return set;
}
