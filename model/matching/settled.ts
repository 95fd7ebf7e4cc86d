import { parseCredits, type Credits } from './credits.ts';

/**
 * The credits of a spelling where they are the same whoever is known; undefined where it depends.
 *
 * `parseCredits` depends on its predicate only through what it asks. Where it asks for one name at
 * most, whatever the answer, and both answers lead to the same credits, no predicate leads to others.
 */
export function settledCredits(artistAsTyped: string, titleAsTyped: string): Credits | undefined {
  const asked = new Set<string>();
  const parsed = (isKnown: boolean) =>
    parseCredits(artistAsTyped, titleAsTyped, (name) => {
      asked.add(name);
      return isKnown;
    });
  const credits = parsed(false);
  const others = parsed(true);
  return asked.size <= 1 && JSON.stringify(credits) === JSON.stringify(others)
    ? credits
    : undefined;
}
