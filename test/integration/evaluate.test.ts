import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { describeRealData, realData } from '../support/real-data.ts';
import { mistakeOf, mondaymix } from '../support/operator.ts';
import { temporaryFolder, writeSources } from '../support/sources.ts';

/** `mondaymix evaluate` as a user has it: files in, figures out. */

jest.setTimeout(600_000);

const folder = temporaryFolder();
const at = (name: string) => join(folder.path, name);
const files = ['--train', at('train.txt'), '--test', at('test.txt')];
const valid = ['--valid', at('valid.txt')];

beforeAll(() =>
  // Popularity: item 0 has 3 listeners, 1 has 2, 2 and 3 one each, 4 to 6 none.
  writeSources(folder.path, {
    'train.txt': ['0 0 1', '1 0 2', '2 0 1 3', '3'],
    'valid.txt': ['0 3', '3 3'],
    'test.txt': ['0 2 6', '1 1', '3 0 5', '4 0'],
    'odd.txt': ['0 1 1 1', '1 2'],
    'named.txt': ['0 1', '1 tom'],
    'empty.txt': '',
    'file.txt': ['0 1'],
    'wide.txt': [`0 ${Array.from({ length: 20_001 }, (_, item) => item).join(' ')}`],
  }),
);
afterAll(() => folder.remove());

type Result = Record<string, unknown>;

const figure = (result: Result, name: string) => result[name] as number;

async function evaluated(...args: string[]): Promise<Result & { errors: string }> {
  const { code, output, errors } = await mondaymix(['evaluate', ...args, '--json']);
  expect({ code, lines: output.trimEnd().split('\n').length, errors }).toMatchObject({
    code: 0,
    lines: 1,
  });
  return { ...(JSON.parse(output) as Result), errors };
}

/** But for what differs from run to run: times and memory. */
function steady({ errors: _errors, ...result }: Result & { errors: string }): unknown {
  return JSON.parse(
    JSON.stringify(result, (key, value: unknown) =>
      /[sS]econds$|^peakMemoryMb$/.test(key) ? undefined : value,
    ),
  );
}

describe('popularity, by hand', () => {
  test('the lists are those of items not trained on; what only the test part has counts', async () => {
    const result = await evaluated(...files, '--model', 'popularity', '--k', '1,2');
    // Lists of two: 0 gets 2 3, 1 gets 1 3, 3 and 4, who have nothing, get 0 1.
    expect(result).toMatchObject({
      model: 'popularity',
      options: {},
      listeners: 4,
      items: 7,
      interactions: 7,
      seed: 1,
      tuned: false,
      fitValid: false,
      'recall@1': (1 / 2 + 1 + 1 / 2 + 1) / 4,
      'precision@1': 1,
      'precision@2': 1 / 2,
      'mrr@2': 1,
      'ndcg@1': 1,
      'coverage@1': 3 / 7,
      'coverage@2': 4 / 7,
    });
    for (const name of ['seconds', 'trainingSeconds', 'scoringSeconds', 'peakMemoryMb']) {
      expect(typeof result[name]).toBe('number');
    }
  });

  test('the valid file changes nothing but the choice, unless it is trained on', async () => {
    const model = ['--model', 'popularity', '--k', '1,2'];
    const without = steady(await evaluated(...files, ...model));
    expect(steady(await evaluated(...files, ...valid, ...model))).toEqual(without);
    // With it item 3 has three listeners, and is masked for listeners 0 and 3: nothing changes in
    // the lists of these, but 1 gets it before 1.
    const fitted = await evaluated(...files, ...valid, ...model, '--fit-valid');
    expect(fitted).toMatchObject({
      interactions: 9,
      fitValid: true,
      'recall@1': (1 / 2 + 0 + 1 / 2 + 1) / 4,
      'mrr@2': (1 + 1 / 2 + 1 + 1) / 4,
    });
  });
});

describe('the command', () => {
  test('keeps the figures of each listener, and compares two models by them', async () => {
    const path = at('listeners.csv');
    const result = await evaluated(
      ...files,
      ...['--model', 'popularity', '--compare', 'cosine', '--k', '2', '--per-listener', path],
    );
    const [header, ...rows] = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(header).toBe('listener,model,recall@2,ndcg@2,precision@2,mrr@2');
    expect(rows.map((row) => row.split(',').slice(0, 2).join(' '))).toEqual(
      ['popularity', 'cosine'].flatMap((model) => ['0', '1', '3', '4'].map((u) => `${u} ${model}`)),
    );
    const column = (model: string) =>
      rows.filter((row) => row.split(',')[1] === model).map((row) => Number(row.split(',')[2]));
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / 4;
    const compared = result['compared'] as Result & {
      differences: Record<string, { mean: number; low: number; high: number; count: number }>;
    };
    expect(result['recall@2']).toBeCloseTo(mean(column('popularity')), 12);
    expect(compared['recall@2']).toBeCloseTo(mean(column('cosine')), 12);
    const difference = compared.differences['recall@2']!;
    expect(difference.mean).toBeCloseTo(
      figure(result, 'recall@2') - figure(compared, 'recall@2'),
      12,
    );
    expect(difference.low).toBeLessThanOrEqual(difference.mean);
    expect(difference.high).toBeGreaterThanOrEqual(difference.mean);
    expect(difference.count).toBe(4);
  });

  test('tunes by the printed space and says what it chose; the same again', async () => {
    const args = [...files, ...valid, '--model', 'cosine', '--tune', '--fit-valid', '--k', '2'];
    const first = await evaluated(...args, '--option', 'shrinkage=5');
    expect(first).toMatchObject({ tuned: true, options: { shrinkage: 5 } });
    expect(first.errors).toContain('search space of cosine: {"k":[20,50,');
    expect(steady(await evaluated(...args, '--option', 'shrinkage=5'))).toEqual(steady(first));
  });

  test('for people prints a table with the command that has every option', async () => {
    const args = ['--model', 'cosine', '--compare', 'popularity', '--k', '2'];
    const { code, output } = await mondaymix(['evaluate', ...files, ...args]);
    expect(code).toBe(0);
    expect(output).toContain('4 listeners, 7 items, 7 interactions trained on, seed 1');
    expect(output).toContain('--model cosine --option k=200 --option shrinkage=0');
    expect(output).toMatch(/^ +cosine +popularity +difference +95 % interval$/m);
    expect(output).toMatch(/^recall@2 +\d\.\d{4} +\d\.\d{4} +[+-]\d\.\d{4} +[+-].* \.\. [+-].*$/m);
  });

  test('tells of pairs that come again, and of test pairs that were trained on', async () => {
    const odd = ['--train', at('odd.txt'), '--test', at('file.txt'), '--model', 'popularity'];
    const { errors } = await evaluated(...odd);
    expect(errors).toContain('odd.txt: 2 pairs come again, each counts once');
    expect(errors).toMatch(/file\.txt: 1 pairs are masked, as .*odd\.txt has them too/);
  });
});

describe('mistakes are told in one line', () => {
  const train = ['--train', at('train.txt')];
  const help = 'see npx mondaymix evaluate --help';
  test.concurrent.each<[what: string, args: string[], code: number, message: string]>([
    ['no file to train on', files.slice(2), 2, `expected --train <file>, got none; ${help}`],
    ['no file to test on', train, 2, `expected --test <file>, got none; ${help}`],
    [
      'nothing to tune on',
      [...files, '--tune'],
      2,
      `expected --valid <file> with --tune, got none; ${help}`,
    ],
    [
      'no valid file to train on',
      [...files, '--fit-valid'],
      2,
      `expected --valid <file> with --fit-valid, got none; ${help}`,
    ],
    [
      'a cut of 0',
      [...files, '--k', '10,0'],
      2,
      '--k: expected whole numbers of at least 1, got "10,0"',
    ],
    [
      'an option without a value',
      [...files, '--option', 'k'],
      2,
      '--option: expected name=value, such as k=200, got "k"',
    ],
    [
      'an option out of range',
      [...files, '--model', 'cosine', '--option', 'k=0'],
      2,
      '--option of cosine, k: Too small: expected number to be >=2, got 0',
    ],
    [
      'an option that the model does not have',
      [...files, '--model', 'cosine', '--option', 'size=1'],
      2,
      '--option of cosine: Unrecognized key: "size"',
    ],
    [
      'more items than a dense model holds',
      ['--train', at('wide.txt'), '--test', at('file.txt'), '--model', 'ease'],
      2,
      '--model ease: expected at most 20,000 items with a listener, got 20,001, whose matrices would take 3.2 GB; als and graph-filter take any number',
    ],
    [
      'a file that is missing',
      [...train, '--test', at('none.txt')],
      1,
      '<folder>/none.txt: expected a file of users and items, found nothing',
    ],
    [
      'a folder',
      [...train, '--test', folder.path],
      1,
      '<folder>: expected a file of users and items, found something else',
    ],
    [
      'a file with a name in it',
      [...train, '--test', at('named.txt')],
      1,
      '<folder>/named.txt, line 2: expected item as a whole number of 0..99999999, got "tom"',
    ],
    [
      'an empty file',
      [...train, '--test', at('empty.txt')],
      1,
      '<folder>/empty.txt: expected lines of a user and items, such as "0 17 4", got 0 lines without items',
    ],
    [
      'a place that cannot be written to',
      [...files, '--per-listener', at('none/listeners.csv')],
      1,
      "ENOENT: no such file or directory, open '<folder>/none/listeners.csv'",
    ],
  ])('%s', async (_what, args, code, message) => {
    const told = await mistakeOf(['evaluate', ...args], {}, { '<folder>': folder.path });
    expect(told).toEqual({ code, message });
  });

  test('an unknown model is told with those that there are', async () => {
    const { code, message } = await mistakeOf(['evaluate', ...files, '--model', 'magic']);
    expect(code).toBe(2);
    expect(message).toMatch(/^--model: expected one of popularity, cosine, .*, got "magic"$/);
  });
});

/**
 * The evaluator is proved before it is trusted: what was measured elsewhere on the same files, to
 * four digits (`shared/data/README.md`).
 */
describeRealData('on Gowalla, trained on train and valid', () => {
  const gowalla = join(realData, 'bench/gowalla');
  const split = ['train', 'valid', 'test'].flatMap((part) => [
    `--${part}`,
    join(gowalla, `${part}.txt`),
  ]);

  test.each([
    ['popularity', [], 0.0416, 0.0317],
    ['cosine', ['--option', 'k=200'], 0.1178, 0.0861],
    ['graph-filter', [], 0.1862, 0.1563],
  ])('%s gives the published figures', async (model, options, recall, ndcg) => {
    const args = [...split, '--fit-valid', '--model', model, ...options];
    const result = await evaluated(...args, '--k', '20');
    expect({
      listeners: result['listeners'],
      items: result['items'],
      interactions: result['interactions'],
      recall: figure(result, 'recall@20').toFixed(4),
      ndcg: figure(result, 'ndcg@20').toFixed(4),
    }).toEqual({
      listeners: 29_858,
      items: 40_981,
      interactions: 810_128,
      recall: recall.toFixed(4),
      ndcg: ndcg.toFixed(4),
    });
  });
});
