import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { loadTensorflow } from '../../infra/tensorflow.ts';
import { articleFeatures, featureNames, numFeatures } from '../../model/candidates/features.ts';
import { alignFeatures } from '../../model/ranker/align.ts';
import { decodeRanker } from '../../model/ranker/encode.ts';
import { score } from '../../model/ranker/score.ts';
import { writeMatrix } from '../../pipelines/matrix-file.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { rankerFile, rankerPrior, rankerStage } from '../../pipelines/ranker.ts';
import { temporaryFolder } from '../support/sources.ts';
import { runStage, type StageOutcome } from '../support/stage.ts';
import { writeTable } from '../support/tables.ts';

jest.setTimeout(300_000);

const home = temporaryFolder();
const stage = rankerStage(loadTensorflow);
const width = numFeatures + 1;
const planted = featureNames.indexOf('age');
let sql: Sql;

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
});

afterAll(() => {
  sql.dispose();
  home.remove();
});

/** Groups of ten candidates; the one with the greatest age was played. Values 0 to 0.9. */
async function lesson(name: string, groups: number): Promise<string> {
  const folder = join(home.path, name);
  await mkdir(folder);
  const values = new Float32Array(groups * 10 * width);
  for (let row = 0; row < groups * 10; row++) {
    const rank = (row * 7 + Math.floor(row / 10)) % 10; // each of 0..9 once in a group
    values[row * width + planted] = rank / 10;
    values[row * width + ((planted + 1) % numFeatures)] = (row % 10) / 10;
    values[row * width + numFeatures] = rank === 9 ? 1 : 0;
  }
  const rows = groups * 10;
  await writeMatrix(join(folder, 'examples.matrix'), { rows, columns: width, values });
  await writeTable(
    sql,
    folder,
    'groups',
    { listener: 'VARCHAR', rows: 'INTEGER' },
    Array.from({ length: groups }, (_, n) => ({ listener: `listener ${n}`, rows: 10 })),
  );
  return folder;
}

async function train(
  name: string,
  lessons: readonly string[],
  ranker: object = {},
  more: object = {},
): Promise<{
  outcome: StageOutcome;
  bytes: Buffer;
  scores: (feature: number) => Promise<number[]>;
}> {
  const output = join(home.path, name);
  const outcome = await runStage(stage, {
    inputs: Object.fromEntries(lessons.map((folder, n) => [`examples-${n}`, folder])),
    options: {
      cutoffs: lessons.map((_, n) => `2014-08-${11 + 7 * n}T00:00:00.000Z`),
      ranker: { seed: 1, hidden: [4], epochs: 10, learningRate: 0.05, ...ranker },
      ...more,
    },
    output,
  });
  const bytes = await readFile(join(output, rankerFile));
  return {
    outcome,
    bytes,
    /** Of two rows that differ in one feature: 0 and 1. */
    scores: async (feature) => {
      const features = new Float32Array(2 * numFeatures);
      features[numFeatures + feature] = 1;
      const ranker = decodeRanker(bytes, output);
      const rows = alignFeatures(ranker, { featureNames, features });
      return [...score(await loadTensorflow(), ranker, rows)];
    },
  };
}

test('the ranker learns from the examples of all cut-offs what they have in common', async () => {
  const lessons = [await lesson('first', 70), await lesson('none', 0), await lesson('last', 10)];
  const { outcome, bytes, scores } = await train('trained', lessons, { l2: 0 });
  expect(outcome).toMatchObject({ rowsIn: 800, rowsOut: 1, figures: { groups: 80 } });
  expect(outcome.figures['trainedOn']).toBe(80);
  expect(outcome.figures['ndcg@30']).toBeGreaterThan(0.9);
  expect(outcome.figures['ndcg@30/constant']).toBeLessThan(0.6);
  const [young, old] = await scores(planted);
  expect(old).toBeGreaterThan(young!);
  expect((await train('again', lessons, { l2: 0 })).bytes.equals(bytes)).toBe(true);
});

test('no more listeners are learned from than are to be held, of each cut-off as many', async () => {
  const lessons = [
    await lesson('many', 300),
    await lesson('few', 20),
    await lesson('several', 200),
  ];
  const { outcome, scores } = await train('held', lessons, { l2: 0 }, { mostGroups: 120 });
  expect(outcome).toMatchObject({ rowsIn: 1200, figures: { groups: 120, trainedOn: 120 } });
  const [young, old] = await scores(planted);
  expect(old).toBeGreaterThan(young!);
});

test('without a cut-off to learn from, the prior speaks', async () => {
  const { outcome, scores } = await train('untaught', [], { prior: rankerPrior });
  expect(outcome).toMatchObject({ rowsIn: 0, figures: { groups: 0, trainedOn: 0 } });
  for (const name of Object.keys(rankerPrior) as (keyof typeof rankerPrior)[]) {
    if (articleFeatures.includes(name)) continue; // nothing was written
    const [without, withIt] = await scores(featureNames.indexOf(name));
    expect(withIt! - without!).toBeGreaterThan(0);
  }
  const [without, withIt] = await scores(featureNames.indexOf('age'));
  expect(withIt).toBe(without);
});

test('examples of other features are refused', async () => {
  const folder = await lesson('other', 1);
  const values = new Float32Array(10 * 3);
  await writeMatrix(join(folder, 'examples.matrix'), { rows: 10, columns: 3, values });
  await expect(train('refused', [folder])).rejects.toThrow(
    `examples-0: expected ${width} columns, got 3`,
  );
});
