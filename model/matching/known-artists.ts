import { artistKey } from './artist-key.ts';
import { parseCredits } from './credits.ts';

/** A name as people typed it (scrobbles, tags), and how many people did. */
export interface TypedName {
  readonly name: string;
  readonly people: number;
}

/**
 * The predicate that `parseCredits` asks.
 *
 * Every name that a catalogue or a text gives is known. A typed name is known too, unless it joins
 * artists: "Madonna & Antonio Banderas" has a lead that more people played than the whole, while
 * "She & Him" and "Angels & Airwaves" are played more than "She" and "Angels". A tie leaves the
 * name whole.
 *
 * @param named - names as catalogues and texts give them, one artist each
 */
export function knownArtists(
  named: Iterable<string>,
  typed: readonly TypedName[],
): (name: string) => boolean {
  const known = new Set<string>();
  for (const name of named) known.add(artistKey(name));
  const people = new Map<string, number>();
  for (const { name, people: count } of typed) {
    const key = artistKey(name);
    people.set(key, (people.get(key) ?? 0) + count);
  }
  const joined = new Set<string>();
  for (const { name } of typed) {
    const key = artistKey(name);
    if (known.has(key) || joined.has(key)) continue;
    const isOther = (part: string) => {
      const partKey = artistKey(part);
      return partKey !== key && (known.has(partKey) || people.has(partKey));
    };
    const lead = artistKey(parseCredits(name, '', isOther).lead);
    if (lead !== key && (people.get(lead) ?? 0) > people.get(key)!) joined.add(key);
  }
  for (const key of people.keys()) if (!joined.has(key)) known.add(key);
  return (name) => known.has(artistKey(name));
}
