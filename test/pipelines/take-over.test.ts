import { expect, test } from '@jest/globals';
import { takenOverBy, weekToLearnFrom, type ExamplesOfWeeks } from '../../pipelines/take-over.ts';
import { weekOptions, type FrozenWeek } from '../../pipelines/week-plan.ts';

const cutoffs = ['2014-08-11', '2014-08-18', '2014-08-25'].map((day) => `${day}T00:00:00.000Z`);
const made = cutoffs.slice(0, 2).map((cutoff, n) => ({ cutoff, fingerprint: `made-${n}` }));

/** Frozen for Monday, 25 August, on the Saturday after; what it learned from was over by then. */
const before: FrozenWeek = {
  format: 1,
  week: '2014-W35',
  revision: 1,
  frozenAt: '2014-08-30T06:00:00.000Z',
  cutoff: '2014-08-25T00:00:00.000Z',
  trainingCutoffs: cutoffs.slice(0, 2),
  catalogue: 'all',
  options: weekOptions.parse({}),
  lake: { id: 'then', tables: {} as FrozenWeek['lake']['tables'] },
  listens: 1000,
  previous: [],
  examples: { method: 'm', made },
};
const week: FrozenWeek = {
  ...before,
  ...{ week: '2014-W36', cutoff: '2014-09-01T00:00:00.000Z', trainingCutoffs: cutoffs },
  lake: { ...before.lake, id: 'now' },
};

/** The method of a week, and what is there. */
const examples = (method = 'm', gone?: string): ExamplesOfWeeks => ({
  methodOf: () => method,
  has: (fingerprint) => Promise.resolve(fingerprint !== gone),
});

test('what the week before has made is taken over, and the newest cut-off is left to make', async () => {
  expect(await takenOverBy(week, before, 1000, examples())).toEqual(made);
});

test('examples whose week was not over when they were made are made again', async () => {
  const onSaturday = { ...before, frozenAt: '2014-08-23T06:00:00.000Z' };
  expect(await takenOverBy(week, onSaturday, 1000, examples())).toEqual([made[0]]);
});

test('cut-offs that the week does not train on are left behind', async () => {
  const short = { ...week, trainingCutoffs: cutoffs.slice(1) };
  expect(await takenOverBy(short, before, 1000, examples())).toEqual([made[1]]);
});

test.each([
  ['another method', { examples: examples('other') }],
  ['examples that are gone', { examples: examples('m', 'made-1') }],
  ['a third of the listens come late', { listens: 1334 }],
  ['a third of the listens gone', { listens: 666 }],
  ['a week from before any were recorded', { before: { ...before, examples: undefined } }],
  ['a week that did not count its listens', { before: { ...before, listens: undefined } }],
])(
  'nothing is taken over with %s',
  async (_, { before: other, examples: found, listens }: Case) => {
    const earlier = Object.fromEntries(
      Object.entries(other ?? before).filter(([, value]) => value !== undefined),
    ) as FrozenWeek;
    expect(await takenOverBy(week, earlier, listens ?? 1000, found ?? examples())).toEqual([]);
  },
);

interface Case {
  readonly before?: object;
  readonly examples?: ExamplesOfWeeks;
  readonly listens?: number;
}

test('listens that came a little late change nothing', async () => {
  expect(await takenOverBy(week, before, 1200, examples())).toEqual(made);
});

test('of a week on the same lake what it took over is taken, for the rest has one fingerprint', async () => {
  const sameLake = { ...before, lake: week.lake };
  expect(await takenOverBy(week, sameLake, 1000, examples())).toEqual([]);
  const taking = { ...sameLake, takenOver: [made[0]!] };
  expect(await takenOverBy(week, taking, 1000, examples())).toEqual([made[0]]);
});

test('the newest week before that has examples is learned from, as far back as the week trains', async () => {
  const without = Object.fromEntries(
    Object.entries(before).filter(([name]) => name !== 'examples'),
  ) as FrozenWeek;
  const book = new Map<string, FrozenWeek>([
    ['2014-W35', { ...without, week: '2014-W35' }],
    ['2014-W34', { ...before, week: '2014-W34' }],
    ['2014-W33', { ...before, week: '2014-W33' }],
    ['2014-W36', { ...before, week: '2014-W36' }],
  ]);
  const find = (key: string) => Promise.resolve(book.get(key));
  expect((await weekToLearnFrom('2014-W36', 52, find))?.week).toBe('2014-W34');
  expect(await weekToLearnFrom('2014-W36', 1, find)).toBeUndefined();
});
