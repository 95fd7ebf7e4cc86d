import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { artistKey, parseCredits, titleKeys } from '../../model/matching.ts';

/**
 * Near pairs of the real files (not identical, sharing words of artist and title, or sharing only
 * the title), labelled by reading before any rule was written; a third is held out and was never
 * looked at while writing the rules. Pairs that nobody could decide were left out. Such pairs are
 * the hard ones: spelling mistakes, stage names and singers credited with their band count too.
 *
 * `track` is the same track, `work` another version of it, `artist` the same lead artist.
 */
interface Pair {
  readonly of: 'track' | 'artist';
  readonly label: 'track' | 'work' | 'artist' | 'different';
  readonly heldOut: boolean;
  /** Source, artist as its source spells it (playlists: a list parted by " ; "), title. */
  readonly left: readonly string[];
  readonly right: readonly string[];
}

const pairs = read('matching-pairs.jsonl')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Pair);
/** Those of the catalogue's artists that occur in the pairs. */
const known = new Set((JSON.parse(read('matching-known-artists.json')) as string[]).map(artistKey));

function read(file: string): string {
  return readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8');
}

function keysOf([source, artist, title]: readonly string[]) {
  const lead = source === 'playlists' ? artist!.split(' ; ')[0]! : artist!;
  const credits = parseCredits(lead, title ?? '', (name) => known.has(artistKey(name)));
  const { track, work } = titleKeys(credits.title);
  const key = artistKey(credits.lead);
  return { artist: key, track: `${key}/${track}`, work: `${key}/${work}` };
}

/** What counts as a match in the labels, for each kind of key. */
const kinds = {
  artist: { of: 'artist', matches: ['artist'] },
  track: { of: 'track', matches: ['track'] },
  work: { of: 'track', matches: ['track', 'work'] },
} as const;

function measured(kind: keyof typeof kinds, heldOut: boolean) {
  let found = 0;
  let right = 0;
  let all = 0;
  for (const pair of pairs) {
    if (pair.of !== kinds[kind].of || pair.heldOut !== heldOut) continue;
    const isMatch = (kinds[kind].matches as readonly string[]).includes(pair.label);
    const isFound = keysOf(pair.left)[kind] === keysOf(pair.right)[kind];
    if (isFound) found++;
    if (isMatch) all++;
    if (isFound && isMatch) right++;
  }
  return { precision: right / found, recall: right / all };
}

describe('matching, on pairs labelled by hand', () => {
  test('there are at least 240 pairs, of every label, and a third is held out', () => {
    expect(pairs.length).toBeGreaterThanOrEqual(240);
    const heldOut = pairs.filter((pair) => pair.heldOut).length / pairs.length;
    expect(heldOut).toBeGreaterThan(0.3);
    expect(heldOut).toBeLessThan(0.4);
    for (const label of ['track', 'work', 'artist', 'different']) {
      expect(pairs.filter((pair) => pair.label === label).length).toBeGreaterThan(50);
    }
  });

  test.each([
    ['artist', false, 0.97, 0.95],
    ['track', false, 0.96, 0.87],
    ['work', false, 1, 0.86],
    ['artist', true, 0.88, 0.84],
    ['track', true, 0.93, 0.84],
    ['work', true, 1, 0.83],
  ] as const)('finds %s pairs (held out: %s)', (kind, heldOut, leastPrecision, leastRecall) => {
    const { precision, recall } = measured(kind, heldOut);
    process.stderr.write(
      `matching ${kind}${heldOut ? ', held out' : ''}: ` +
        `precision ${precision.toFixed(4)}, recall ${recall.toFixed(4)}\n`,
    );
    expect(precision).toBeGreaterThanOrEqual(leastPrecision);
    expect(recall).toBeGreaterThanOrEqual(leastRecall);
  });
});
