import { artistKey } from './artist-key.ts';
import { withoutAddresses } from './fold.ts';

export interface Credits {
  /** The first credited artist, as spelled; never empty. */
  readonly lead: string;
  /** The others, as spelled, in order, each once. */
  readonly featured: readonly string[];
  /** The title without the artist's name in front of it or behind it; guests in it stay. */
  readonly title: string;
}

/** "feat." and the like: what follows are guests, whoever they are. */
const guests = /(?<!\d)(?:\s|^|[([])(?:feat|ft|featuring|starring)(?:\.\s*|\s+|:\s*)(?=\S)/i;
const guestsInTitle =
  /(?:[\s([])(?:feat|ft|featuring)(?:\.\s*|\s+|:\s*)([^()[\]]+?)(?=\s+-\s|[()[\]]|$)|[([](?:with|w\/)\s+([^()[\]]+)/gi;
/** Between artists, hardly ever within a name: "A vs. B", "A / B", the list sign "A ; B". */
const hardJoint = /\s+(?:vs\.?|versus)\s+|\s*;\s*|\s+(?:pres\.?|presents)\s+|\s+\/\s+/i;
/** A singer's own band: "Tom Petty and the Heartbreakers". The singer has two names at least. */
const band = /^(\S+\s+\S.*?)\s+(?:&|and)\s+(?:the|his|her)\s+\S/i;
/** Between artists or within a name. */
const softJoint = /\s*[,&、×]\s*|\s+(?:and|x|with|y|und|et)\s+|\s+\+\s+|\s*\/\s*/gi;

/**
 * Who is credited, from what was typed into the two fields. Rules, in order:
 *
 * 1. Web addresses, quotes at the ends and "#" in front go ("#Bastille", "Deniz Koyu\""), and a
 *    hashtag behind.
 * 2. After "feat.", "ft", "featuring" (also in brackets, also in the title) come guests, as after
 *    "(with" in the title.
 * 3. "vs.", " / " and ";" part artists, unless only the whole is known.
 * 4. A known artist stays whole: "Tyler, The Creator", "Simon & Garfunkel"; but a known singer's
 *    own band is the singer: "Joan Jett & the Blackhearts".
 * 5. At "&", "and", ",", "x", "with", "+", "/" the longest known first part is the lead; where no
 *    first part is known, the whole is one artist.
 * 6. A title that begins or ends with the lead's name and a dash loses it.
 *
 * @param isKnownArtist - whether a catalogue names an artist so; asked with spellings, as typed
 */
export function parseCredits(
  artistAsTyped: string,
  titleAsTyped: string,
  isKnownArtist: (name: string) => boolean,
): Credits {
  const artist = tidied(artistAsTyped);
  const guest = guests.exec(artist);
  const hosts = guest !== null && guest.index > 0 ? artist.slice(0, guest.index) : artist;
  const invited =
    guest !== null && guest.index > 0 ? artist.slice(guest.index + guest[0].length) : '';
  const names = parted(hosts.replace(/[\s([,&-]+$/, '') || artist, isKnownArtist);
  names.push(...guestNames(invited, isKnownArtist));
  const title = withoutArtist(titleAsTyped, names[0]!, artist);
  for (const match of title.matchAll(guestsInTitle)) {
    names.push(...guestNames(match[1] ?? match[2]!, isKnownArtist));
  }
  const lead = names[0]!;
  const seen = new Set([artistKey(lead)]);
  const featured: string[] = [];
  for (const name of names) {
    const key = artistKey(name);
    if (key === '' || seen.has(key)) continue;
    seen.add(key);
    featured.push(name);
  }
  return { lead, featured, title };
}

/** Whether a name holds no joint at which it could be parted, and nothing that is tidied away. */
export function isOneName(name: string): boolean {
  return parseCredits(name, '', (part) => part !== name).lead === name;
}

function tidied(artist: string): string {
  const plain = withoutAddresses(artist).replace(
    /^[\s"“”#]+(?=[^\s"“”#])|\s+#\p{L}+\s*$|[\s"“”]+$/gu,
    '',
  );
  return /[\p{L}\p{N}]/u.test(plain) ? plain : artist.trim();
}

/** The artists of a joined name, the lead first. */
function parted(joined: string, isKnownArtist: (name: string) => boolean): string[] {
  const whole = joined.trim();
  const hard = hardJoint.exec(whole);
  const isKnown = isKnownArtist(whole);
  if (hard !== null) {
    const before = whole.slice(0, hard.index).trim();
    const after = whole.slice(hard.index + hard[0].length);
    if (before !== '' && (!isKnown || isKnownArtist(before))) {
      return [...parted(before, isKnownArtist), ...guestNames(after, isKnownArtist)];
    }
  }
  const singer = band.exec(whole)?.[1];
  if (singer !== undefined && isKnownArtist(singer)) return [singer];
  const joints = isKnown ? [] : [...whole.matchAll(softJoint)];
  for (let j = joints.length - 1; j >= 0; j--) {
    const joint = joints[j]!;
    const first = whole.slice(0, joint.index).trim();
    const rest = whole.slice(joint.index + joint[0].length).trim();
    if (first !== '' && rest !== '' && isKnownArtist(first)) {
      return [first, ...guestNames(rest, isKnownArtist)];
    }
  }
  return [whole];
}

/** Guests are a list: every joint parts them, unless a known artist holds it. */
function guestNames(list: string, isKnownArtist: (name: string) => boolean): string[] {
  const whole = list.replace(/[\s)\]]+$/, '').trim();
  if (whole === '' || isKnownArtist(whole)) return whole === '' ? [] : [whole];
  const joint = [...whole.matchAll(softJoint)].find(({ index }) => index > 0);
  const hard = hardJoint.exec(whole);
  const at = joint ?? hard;
  if (at === undefined || at === null) return [whole];
  const first = whole.slice(0, at.index).trim();
  const rest = whole.slice(at.index + at[0].length);
  return [...(first === '' ? [] : [first]), ...guestNames(rest, isKnownArtist)];
}

function withoutArtist(title: string, lead: string, artist: string): string {
  const plain = withoutAddresses(title) || title;
  if (!/\s[-–—/／|:]\s|:\s/.test(plain)) return plain;
  const own = new Set([artistKey(lead), artistKey(artist)]);
  const front = /^(.+?)\s*(?:\s[-–—|]|:)\s+(?=\S)/.exec(plain);
  if (front !== null && own.has(artistKey(front[1]!))) return plain.slice(front[0].length);
  const back = /\s[-–—/／|]\s*([^-–—/／|]+)$/.exec(plain);
  if (back !== null && back.index > 0 && own.has(artistKey(back[1]!))) {
    return plain.slice(0, back.index);
  }
  return plain;
}
