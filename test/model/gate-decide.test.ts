import { expect, jest, test } from '@jest/globals';
import { decide, gateOptions } from '../../model/gate/decide.ts';
import { checkGuardrails, guardrailLimits, type ListFigures } from '../../model/gate/guardrails.ts';
import { tell } from '../support/figures.ts';
import { plantedContest } from '../support/planted-contest.ts';

jest.setTimeout(300_000);

const options = gateOptions.parse({});
/** Fewer draws than in a week: a hundred decisions are to be made. */
const quick = gateOptions.parse({ resamples: 500 });
const pairs = 100;

const healthy: ListFigures = {
  coverage: 0.2,
  gini: 0.9,
  popularShare: 0.1,
  overlap: 0,
  artistOverlap: 0.05,
  shortLists: 0.001,
};
const limits = guardrailLimits.parse({});

function promotedOf(rankFactor: number, listeners: number): number {
  let promoted = 0;
  for (let seed = 1; seed <= pairs; seed++) {
    const contest = plantedContest({ listeners, seed, rankFactor });
    if (decide({ rival: 'champion', ...contest, guardrails: [] }, quick).promote) promoted++;
  }
  return promoted;
}

test('of 100 pairs of equal models at most 5 are promoted, be the listeners few or many', () => {
  const few = promotedOf(1, 40);
  const many = promotedOf(1, 250);
  tell('of 100 equal models are promoted', { 'with 40 listeners': few, 'with 250': many });
  expect(few).toBeLessThanOrEqual(5);
  expect(many).toBeLessThanOrEqual(5);
});

test('of 100 models that rank what is played a quarter higher up at least 90 are promoted', () => {
  const promoted = promotedOf(0.75, 250);
  tell('of 100 better models are promoted', { 'with 250 listeners': promoted });
  expect(promoted).toBeGreaterThanOrEqual(90);
});

test('of 100 models that rank what is played a quarter further down none is promoted', () => {
  expect(promotedOf(4 / 3, 100)).toBe(0);
});

test('a better model is promoted, with the interval as the reason', () => {
  const contest = plantedContest({ listeners: 300, seed: 1, rankFactor: 0.5 });
  const decision = decide({ rival: 'champion ranker-x', ...contest, guardrails: [] }, options);
  expect(decision.promote).toBe(true);
  expect(decision.difference.low).toBeGreaterThan(0);
  expect(decision.difference.listeners).toBe(300);
  expect(decision.ndcg.challenger - decision.ndcg.rival).toBeCloseTo(decision.difference.mean, 12);
  expect(decision.reasons[0]).toMatch(
    /^better: NDCG@30 0\.\d{4} against 0\.\d{4} of champion ranker-x: \+0\.\d{4}, 95 % interval \+0\.\d{4} to \+0\.\d{4}, 300 listeners$/,
  );
  expect(decide({ rival: 'champion ranker-x', ...contest, guardrails: [] }, options)).toEqual(
    decision,
  );
});

test.each<[keyof ListFigures, number, string]>([
  ['coverage', 0.15, 'guardrail coverage: expected at least 0.16, got 0.15 (0.2 before)'],
  ['gini', 0.93, 'guardrail gini: expected at most 0.92, got 0.93 (0.9 before)'],
  ['popularShare', 0.16, 'guardrail popularShare: expected at most 0.15, got 0.16 (0.1 before)'],
  ['overlap', 0.03, 'guardrail overlap: expected at most 0.02, got 0.03 (0 before)'],
  ['artistOverlap', 0.2, 'guardrail artistOverlap: expected at most 0.15, got 0.2 (0.05 before)'],
  ['shortLists', 0.01, 'guardrail shortLists: expected at most 0.006, got 0.01 (0.001 before)'],
])('a better model whose %s breaks is not promoted, and told why', (name, value, reason) => {
  const contest = plantedContest({ listeners: 300, seed: 1, rankFactor: 0.5 });
  const guardrails = checkGuardrails(healthy, { ...healthy, [name]: value }, limits);
  expect(guardrails.filter(({ holds }) => !holds).map((guardrail) => guardrail.name)).toEqual([
    name,
  ]);
  const { promote, reasons } = decide({ rival: 'champion', ...contest, guardrails }, options);
  expect({ promote, reasons }).toEqual({ promote: false, reasons: [reason] });
});

test('lists that are as they were, or better in all, break no guardrail', () => {
  const better: ListFigures = {
    ...{ coverage: 0.3, gini: 0.5, popularShare: 0, overlap: 0, artistOverlap: 0, shortLists: 0 },
  };
  for (const figures of [healthy, better]) {
    expect(checkGuardrails(healthy, figures, limits).map(({ holds }) => holds)).toEqual(
      new Array(6).fill(true),
    );
  }
});

test('a model that is surely worse is called so', () => {
  const contest = plantedContest({ listeners: 300, seed: 1, rankFactor: 3 });
  const { promote, reasons } = decide({ rival: 'champion', ...contest, guardrails: [] }, options);
  expect(promote).toBe(false);
  expect(reasons[0]).toMatch(/^worse: NDCG@30 .* 95 % interval -0\.\d{4} to -0\.\d{4}/);
});

test('few listeners decide nothing, however large the difference', () => {
  const listeners = Int32Array.from({ length: 29 }, (_, listener) => listener);
  const challengerNdcg = new Float64Array(29).fill(1);
  const rivalNdcg = new Float64Array(29);
  const few = { rival: 'champion', rivalNdcg, challengerNdcg, listeners, guardrails: [] };
  expect(decide(few, options)).toMatchObject({
    promote: false,
    reasons: ['expected at least 30 listeners to judge on, got 29'],
  });
  const thirty = { challengerNdcg: new Float64Array(30).fill(1), rivalNdcg: new Float64Array(30) };
  const enough = Int32Array.from({ length: 30 }, (_, listener) => listener);
  expect(decide({ ...few, ...thirty, listeners: enough }, options).promote).toBe(true);
  // The same listener thirty times is one listener.
  expect(decide({ ...few, ...thirty, listeners: new Int32Array(30) }, options).promote).toBe(false);
});

test('with nobody to judge on, or only listeners with nothing to find, the figures are zeros', () => {
  for (const length of [0, 40]) {
    const nothing = new Float64Array(length).fill(NaN);
    const decision = decide(
      {
        rival: 'champion',
        rivalNdcg: nothing,
        challengerNdcg: nothing,
        listeners: Int32Array.from({ length }, (_, listener) => listener),
        guardrails: [],
      },
      options,
    );
    expect(decision).toMatchObject({
      promote: false,
      reasons: ['expected at least 30 listeners to judge on, got 0'],
      ndcg: { rival: 0, challenger: 0 },
      difference: { mean: 0, low: 0, high: 0, listeners: 0 },
    });
  }
});

test('figures of different listeners are refused', () => {
  expect(() =>
    decide(
      {
        rival: 'champion',
        rivalNdcg: new Float64Array(2),
        challengerNdcg: new Float64Array(3),
        listeners: new Int32Array(3),
        guardrails: [],
      },
      options,
    ),
  ).toThrow('bootstrap: expected NDCG@30 of the same listeners, got 3 and 2');
});
