import type { Random } from '../random.ts';
import type { Catalogue } from './catalogue.ts';
import { yearOf } from './days.ts';

/** Artist and title as some player's log has them. */
export interface Spelling {
  readonly artist: string;
  readonly title: string;
}

/** Share of the listens that are spelled otherwise than the catalogue does, guests apart. */
const variantShare = 0.12;

/** A listen's artist and title: mostly the catalogue's, else as real logs distort them. */
export function spell(catalogue: Catalogue, track: number, random: Random): Spelling {
  const lead = catalogue.artists[catalogue.artistOf[track]!]!.name;
  const title = catalogue.titles[track]!;
  const guest = catalogue.guestOf[track]!;
  const plain =
    guest < 0
      ? { artist: lead, title }
      : withGuest(lead, title, catalogue.artists[guest]!.name, random);
  if (random.uniform() >= variantShare) return plain;
  return distort(plain, yearOf(catalogue.releasedOn[track]!), random);
}

function withGuest(artist: string, title: string, guest: string, random: Random): Spelling {
  const u = random.uniform();
  if (u < 0.35) return { artist: `${artist} feat. ${guest}`, title };
  if (u < 0.65) return { artist, title: `${title} (feat. ${guest})` };
  if (u < 0.75) return { artist, title: `${title} ft. ${guest}` };
  return { artist, title };
}

function distort({ artist, title }: Spelling, year: number, random: Random): Spelling {
  switch (random.int(11)) {
    case 0:
      return { artist: artist.toLowerCase(), title: title.toLowerCase() };
    case 1:
      return { artist: artist.toUpperCase(), title };
    case 2:
      return { artist: withoutAccents(artist), title: withoutAccents(title) };
    case 3:
      return {
        artist,
        title: `${title} - Remastered ${Math.min(2024, Math.max(1990, year + 1) + random.int(9))}`,
      };
    case 4:
      return { artist, title: `${title} (Remastered)` };
    case 5:
      return { artist, title: `${title} (Live)` };
    case 6:
      return { artist, title: `${title} - Live` };
    case 7:
      return { artist, title: `${title} (Bonus Track)` };
    case 8:
      return { artist, title: `${title} (Album Version)` };
    case 9:
      return { artist: ` ${artist}`, title: title.replaceAll("'", '\u2019') };
    default:
      return { artist: artist.replace(/^The /, ''), title: title.replaceAll(',', '') };
  }
}

/** Drops the marks of Latin letters; other scripts need theirs. */
function withoutAccents(text: string): string {
  return /[\u00c0-\u024f]/.test(text)
    ? text
        .normalize('NFD')
        .replace(/[\u0300-\u036f]/g, '')
        .normalize('NFC')
    : text;
}
