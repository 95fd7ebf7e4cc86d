import { expect, test } from '@jest/globals';
import { lakeTableNames } from '../../pipelines/lake.ts';
import type { Source, Step } from '../../pipelines/step.ts';
import { stageNames, weekOptions, type FrozenWeek } from '../../pipelines/week-plan.ts';
import { weekGraph } from '../../pipelines/weekly.ts';

const week: FrozenWeek = {
  format: 1,
  week: '2014-W36',
  revision: 1,
  frozenAt: '2014-09-01T00:00:00.000Z',
  cutoff: '2014-09-01T00:00:00.000Z',
  trainingCutoffs: ['2014-08-18T00:00:00.000Z', '2014-08-25T00:00:00.000Z'],
  catalogue: 'all',
  options: weekOptions.parse({}),
  lake: {
    id: 'x',
    tables: Object.fromEntries(
      lakeTableNames.map((name) => [name, []]),
    ) as unknown as FrozenWeek['lake']['tables'],
  },
  previous: [],
};

function namesIn(node: Step | Source): Set<string> {
  if (!('stage' in node)) return new Set();
  return new Set([node.stage.name, ...Object.values(node.inputs).flatMap((i) => [...namesIn(i)])]);
}

const notNeeded = () => Promise.reject(new Error('not needed'));
const engines = { loadTensorflow: notNeeded, loadKernels: notNeeded };

test('the stages that --from takes are those of the graph of a lake with articles and sound that a log feeds', () => {
  const { tables } = week.lake;
  const lake = {
    ...week.lake,
    tables: {
      ...tables,
      articles: ['a.parquet'],
      texts: ['texts/log-1.parquet'],
      audio_features: ['audio.parquet'],
    },
  };
  const graph = weekGraph({ ...week, lake }, [], engines);
  expect([...namesIn(graph)].sort()).toEqual([...stageNames].sort());
});

test('without articles or sound nothing asks for them, without a log nothing is made by parts', () => {
  const found = namesIn(weekGraph(week, [], engines));
  expect(stageNames.filter((name) => !found.has(name))).toEqual([
    'spellings',
    'mentions',
    'trends',
    'sounds',
  ]);
});

test('a table of sound is enough for the stage of sounds, which knows what was new at the first cut-off', () => {
  const graph = weekGraph({ ...week, soundTable: true }, [], engines);
  expect(namesIn(graph).has('sounds')).toBe(true);
  const { sounds } = graph.inputs as Record<string, Step>;
  expect(sounds!.options).toMatchObject({ unplayedAt: week.trainingCutoffs[0] });
});
