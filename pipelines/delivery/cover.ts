import { createHash } from 'node:crypto';

/**
 * Keys of covers. A key says all that the pixels depend on: which picture (or, without one, which
 * listener and week) and which week's look, so that a cover is made once and never goes stale:
 *
 * - `p-<32 hex digits>-2014-W36`: from the picture whose SHA-256 starts so
 * - `g-<32 hex digits>-2014-W36`: generated, from the hash of (listener, week)
 */
const coverKeyPattern = /^([pg])-([0-9a-f]{32})-(\d{4}-W\d{2})$/;

export interface CoverParts {
  /** First 32 hexadecimal digits of the picture's hash; undefined for a generated cover. */
  readonly picture: string | undefined;
  /** 32 hexadecimal digits to draw from. */
  readonly seed: string;
  readonly week: string;
}

/** @param picture - first 32 hexadecimal digits of the picture's SHA-256, undefined where there is none */
export function coverKey(user: string, week: string, picture: string | undefined): string {
  if (picture !== undefined) return `p-${picture}-${week}`;
  const seed = createHash('sha256').update(`${user}\0${week}`).digest('hex').slice(0, 32);
  return `g-${seed}-${week}`;
}

/** Undefined for what is not a key; a key is always safe as the name of a file. */
export function parseCoverKey(key: string): CoverParts | undefined {
  const match = coverKeyPattern.exec(key);
  if (match === null) return undefined;
  const [, kind, seed, week] = match as unknown as [string, string, string, string];
  return { picture: kind === 'p' ? seed : undefined, seed, week };
}
