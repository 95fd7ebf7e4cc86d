import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { NextResult } from '../../workers/evaluate-next.ts';
import { mistakeOf, mondaymix } from '../support/operator.ts';
import { temporaryFolder, writeSources } from '../support/sources.ts';

jest.setTimeout(600_000);

const { path: root, remove } = temporaryFolder();
afterAll(remove);

/** Forty tracks by forty artists; the catalogue's popularity falls with their number. */
const recordings = [
  'recording_id,title,artists,popularity,known_from',
  ...Array.from({ length: 40 }, (_, n) => `r${n},Song ${n},Artist ${n},${90 - n},2025-01-01`),
];

const listen = (when: string, listener: string, track: number, title = `Song ${track}`): string =>
  `2026-${when}Z,${listener},Europe/Berlin,en,Artist ${track},${title}`;

/** All at one moment, so that popularity counts heads: 1 has three listeners, 2 two, 0 and 3 one. */
const before = [
  'listened_at,listener,zone,language,artist,title',
  listen('02-02T12:00:00', 'ann', 0),
  ...[1, 2, 3].map((track) => listen('02-02T12:00:00', 'ben', track)),
  ...[1, 2].map((track) => listen('02-02T12:00:00', 'cat', track)),
  listen('02-02T12:00:00', 'dan', 1),
];
/** The week from 2026-02-16 on. */
const after = [
  listen('02-16T00:00:00', 'ann', 2), // at its first instant
  listen('02-18T12:00:00', 'ann', 9),
  `2026-02-19T12:00:00Z,ann,Europe/Berlin,en,Nobody,Nothing`, // that no source knows
  listen('02-20T12:00:00', 'ann', 0), // heard before
  listen('02-22T23:59:59', 'ben', 20, 'Song 20 (Live)'), // a version of a work
  listen('02-17T12:00:00', 'ben', 1), // heard before
  listen('02-17T12:00:00', 'dan', 1), // nothing new
  listen('02-17T12:00:00', 'eve', 5), // unknown before
];
const later = [listen('02-23T00:00:00', 'ann', 3)];

async function evaluated(name: string, listens: readonly string[], ...more: string[]) {
  const data = await writeSources(join(root, name, 'sources'), {
    'listens.csv': listens,
    'recordings.csv': recordings,
  });
  const { code, output, errors } = await mondaymix([
    ...['evaluate', 'next', '--home', join(root, name, 'home'), '--data', data],
    ...['--cutoff', '2026-02-16', '--catalogue', 'asof', '--json', ...more],
  ]);
  if (code !== 0) throw new Error(errors);
  const lines = output.trimEnd().split('\n');
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0]!) as NextResult;
}

let result: NextResult;
beforeAll(async () => {
  result = await evaluated('plain', [...before, ...after, ...later]);
});

describe('the figures are those computed by hand', () => {
  const log = Math.log2;
  // Ann has heard 0: popular are 1, 2, 3, then by the catalogue 4, 5, ...: 2 is 2nd, 9 is 9th, and
  // one of three cannot be found. Ben has heard 1, 2, 3: popular are 0, 4, 5, ...: 20 is 18th.
  const ann = (1 / log(3) + 1 / log(10)) / (1 + 1 / log(3) + 1 / log(4));
  const ben = 1 / log(19);
  const expected = {
    'recall@30': (2 / 3 + 1) / 2,
    'ndcg@30': (ann + ben) / 2,
    rPrecision: (1 / 3 + 0) / 2,
    clicks: (0 + 1) / 2,
    'hit@30': 1,
  };

  test.each(['rankings', 'lists'] as const)('of popularity, as %s', (arena) => {
    const { pairs, listeners, ways } = result.results[0]![arena].all;
    expect({ pairs, listeners }).toEqual({ pairs: 2, listeners: 2 });
    const { track, artist } = ways['baseline/popularity']!;
    for (const [name, value] of Object.entries(expected)) {
      expect([name, track[name as keyof typeof track]]).toEqual([name, expect.closeTo(value, 10)]);
      // Every track has an artist of its own.
      expect(artist[name as keyof typeof artist]).toBeCloseTo(value, 10);
    }
  });

  test('where all live in one zone its popularity is that of the world', () => {
    const { ways } = result.results[0]!.rankings.all;
    expect(ways['baseline/zone']).toEqual(ways['baseline/popularity']);
  });

  test('what could not be found is counted', () => {
    expect(result.results[0]!.counts).toEqual({
      firstPlays: 5, // Ann three, Ben one, Eve one
      ofUnknownListeners: 1,
      notRecommendable: 1,
      pairs: 2,
      withoutList: 0,
    });
    expect(result.truth).toEqual({ listens: 8, ignoredBefore: 0, ignoredAfter: 0 });
    expect(result.trainedOn).toEqual({ listens: 7 });
  });

  test('listeners with fewer than five listens are also looked at by themselves', () => {
    // Ann has one, Ben three: both are few.
    const { all, fewListens } = result.results[0]!.lists;
    expect(fewListens).toEqual(all);
  });

  test('a source alone is filled up with what is popular', () => {
    const { ways } = result.results[0]!.rankings.all;
    // There are no playlists: the source has nothing of its own.
    expect(ways['source/playlists']).toEqual(ways['baseline/popularity']);
  });
});

test('the JSON has a key for everything', () => {
  expect(Object.keys(result).sort()).toEqual(
    [
      ...['cutoffs', 'horizonDays', 'peakMemoryMb', 'rareBelow', 'results', 'seconds', 'seed'],
      ...['trainedOn', 'truth'],
    ].sort(),
  );
  expect(result.cutoffs).toEqual(['2026-02-16T00:00:00.000Z']);
  const { rankings } = result.results[0]!;
  expect(Object.keys(rankings.all.ways)).toEqual([
    'pipeline',
    ...['factors', 'artists', 'playlists', 'text', 'popularity'].map((name) => `source/${name}`),
    ...['popularity', 'zone', 'cosine'].map((name) => `baseline/${name}`),
  ]);
  expect(rankings.all.bestSource).toMatch(/^source\//);
  for (const { first, figures } of rankings.all.comparisons) {
    expect(first).toBe('pipeline');
    const { mean, low, high } = figures['track/ndcg@30']!;
    expect(low).toBeLessThanOrEqual(mean!);
    expect(high).toBeGreaterThanOrEqual(mean!);
  }
});

test('nothing after the cut-off reaches training: lists stay the same to the byte', async () => {
  const planted = [
    listen('02-17T12:00:00', 'ann', 33),
    `2026-02-18T12:00:00Z,ben,Asia/Jakarta,id,A new artist,A new song`,
    `2026-02-18T12:00:00Z,zed,Asia/Jakarta,id,Artist 3,Song 3`,
    ...[1, 2, 3].map((n) => `2026-02-19T12:00:00Z,listener ${n},Asia/Jakarta,id,Artist 30,Song 30`),
  ];
  const other = await evaluated('planted', [...before, ...planted, ...after, ...later]);
  expect(other.results[0]!.counts.firstPlays).toBe(11);
  expect(other.results[0]!.content).toBe(result.results[0]!.content);
  const earlier = await evaluated('earlier', [
    ...[...before, listen('02-15T23:59:59', 'ann', 33)],
    ...[...after, ...later],
  ]);
  expect(earlier.results[0]!.content).not.toBe(result.results[0]!.content);
});

test('the same listens from a further file give the same figures', async () => {
  const { path } = { path: join(root, 'truth') };
  await writeSources(path, {
    'week.csv': [...before, ...after, ...later, listen('02-24T12:00:00', 'ann', 5)],
  });
  const other = await evaluated('truth', before, '--truth', join(path, 'week.csv'));
  expect(other.truth).toEqual({ listens: 8, ignoredBefore: 7, ignoredAfter: 2 });
  expect(other.results).toEqual(result.results);
});

test('groups left out are compared with the pipeline that has all', async () => {
  const other = await evaluated('plain', [...before, ...after, ...later], '--without', 'text');
  const { ways, comparisons } = other.results[0]!.rankings.all;
  expect(Object.keys(ways).slice(0, 3)).toEqual(['pipeline', 'ablation/none', 'ablation/text']);
  // With one cut-off both are trained on the same; without text there is nothing to leave out.
  expect(ways['ablation/none']).toEqual(ways['pipeline']);
  expect(comparisons.at(-1)).toMatchObject({ first: 'ablation/none', second: 'ablation/text' });
});

test('several cut-offs are pooled: their listeners are drawn with all of their weeks', async () => {
  const listens = [...before, ...after, ...later];
  const weeks = await evaluated('plain', listens, '--weeks', '2', '--seed', '7');
  expect(weeks.seed).toBe(7);
  expect(weeks.cutoffs).toEqual(['2026-02-09T00:00:00.000Z', '2026-02-16T00:00:00.000Z']);
  // In the first of them nobody played anything.
  const { pairs, ways } = weeks.results[0]!.rankings.all;
  expect(pairs).toBe(2);
  expect(ways['baseline/zone']).toEqual(result.results[0]!.rankings.all.ways['baseline/zone']);
});

describe('wrong use is told in one line', () => {
  test.concurrent.each<[args: string, code: number, message: string | RegExp]>([
    [
      'next --cutoff 2026-02-30',
      2,
      '--cutoff: expected a day such as 2014-08-25, got "2026-02-30"',
    ],
    ['next --weeks 0', 2, '--weeks: expected a whole number of at least 1, got "0"'],
    [
      'next --without words',
      2,
      /^--without: expected one of factors, playlists, text, popularity, artists, .*, got "words"$/,
    ],
    ['next --data x --listeners 5', 2, /^expected --data, or --listeners and --tracks .*got both/],
    [
      'playlists --cutoff 2021-01-01',
      2,
      'expected --data, got none; see npx mondaymix evaluate playlists --help',
    ],
    [
      'next --data <sources> --cutoff 2026-02-01',
      1,
      /^--cutoff 2026-02-01: expected listens before .*, the lake holds listens from 2026-02-02/,
    ],
    [
      'next --data <sources> --cutoff 2026-03-02',
      1,
      /^the lake: expected listens from 2026-03-02 to before 2026-03-09, got listens from /,
    ],
    [
      'next --data <sources> --cutoff 2026-02-16 --truth nowhere.csv',
      1,
      /nowhere\.csv: expected a file of listens, found no such file$/,
    ],
    [
      'playlists --data <sources> --cutoff 2026-02-16',
      1,
      '--cutoff 2026-02-16: expected tracks in playlists before it and tracks added from it on, got memberships dated none to none',
    ],
  ])('%s', async (args, code, message) => {
    const sources = join(root, 'plain', 'sources');
    const words = args.split(' ').map((word) => (word === '<sources>' ? sources : word));
    const home = join(root, `wrong ${args.replaceAll(/\W+/g, ' ')}`);
    const told = await mistakeOf(['evaluate', ...words, '--home', home]);
    expect(told).toEqual({
      code,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });
});
