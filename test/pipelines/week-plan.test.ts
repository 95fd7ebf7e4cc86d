import { expect, test } from '@jest/globals';
import { lakeTableNames } from '../../pipelines/lake.ts';
import { fingerprintOf, type Source, type Step } from '../../pipelines/step.ts';
import { stageNames, weekOptions, type FrozenWeek } from '../../pipelines/week-plan.ts';
import { examplesMethod, examplesOf, weekGraph } from '../../pipelines/weekly.ts';

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

function labelsIn(node: Step | Source): string[] {
  if (!('stage' in node)) return [];
  return [node.label ?? node.stage.name, ...Object.values(node.inputs).flatMap(labelsIn)];
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

test('examples are made in one way, whatever the lake and the cut-off, until a stage or an option changes', () => {
  const method = examplesMethod(week, engines);
  const later: FrozenWeek = {
    ...week,
    ...{ week: '2014-W37', cutoff: '2014-09-08T00:00:00.000Z' },
    trainingCutoffs: [...week.trainingCutoffs, week.cutoff],
    lake: { ...week.lake, id: 'grown' },
  };
  expect(examplesMethod(later, engines)).toBe(method);
  const articles = { ...week.lake, tables: { ...week.lake.tables, articles: ['a.parquet'] } };
  const others: FrozenWeek[] = [
    { ...week, options: weekOptions.parse({ seed: 2 }) },
    { ...week, options: weekOptions.parse({ halfLifeDays: 30 }) },
    { ...week, catalogue: 'asof' },
    { ...week, soundTable: true },
    { ...week, lake: articles },
  ];
  const found = others.map((other) => examplesMethod(other, engines));
  expect(new Set([method, ...found]).size).toBe(others.length + 1);
  expect(examplesMethod({ ...week, trainingCutoffs: [] }, engines)).toBeUndefined();
});

test('examples that are taken over stand in the place of those made, with all that was made for them', () => {
  const [first, second] = week.trainingCutoffs as [string, string];
  const takenOver = [{ cutoff: first, fingerprint: 'of-before' }];
  const taken: Source = { fingerprint: 'of-before', folder: 'there', tables: [] };
  const graph = weekGraph(
    { ...week, takenOver },
    [],
    engines,
    undefined,
    new Map([[first, taken]]),
  );
  const lessons = (graph.inputs['gate'] as Step).inputs;
  expect(lessons['examples-0']).toBe(taken);
  expect(examplesOf(week, graph)).toEqual({
    method: examplesMethod(week, engines),
    made: [takenOver[0], { cutoff: second, fingerprint: fingerprintOf(lessons['examples-1']!) }],
  });
  expect(labelsIn(graph)).not.toContain(`snapshot ${first.slice(0, 10)}`);
  expect(labelsIn(graph)).toContain(`snapshot ${second.slice(0, 10)}`);
  expect(() => weekGraph({ ...week, takenOver }, [], engines)).toThrow(
    'week 2014-W36: expected the examples that it is frozen with',
  );
});
