import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { faults } from '../faults/faults.ts';
import { isTight, plansOf } from '../faults/plan.ts';
import { isGood, lineOf, summaryOf } from '../faults/report.ts';
import { openSuite, type Outcome, type Suite } from '../faults/suite.ts';
import { testHome } from '../support/servers.ts';

/** One run of each fault; `npm run faults` has hundreds. The weekly run is killed in kill.test.ts. */

jest.setTimeout(600_000);

const seed = 1;
const plans = plansOf(faults.length, seed);
let suite: Suite;
const outcomes: Outcome[] = [];

beforeAll(async () => {
  suite = await openSuite(join(testHome, 'faults'));
}, 600_000);

afterAll(() => suite?.dispose());

test('the runs of a series are drawn from its seed: the same twice, others for another', () => {
  expect(plansOf(200, 7)).toEqual(plansOf(200, 7));
  expect(plansOf(200, 7)).not.toEqual(plansOf(200, 8));
  const drawn = plansOf(200, 7).map(({ fault }) => fault);
  expect(drawn).toHaveLength(200);
  expect(new Set(drawn)).toEqual(new Set(faults.map(({ name }) => name)));
  expect(plansOf(200, 7).filter(({ awayMs }) => awayMs === 60_000)).toHaveLength(2);
});

test.each(plans.map((plan) => [plan.fault, plan] as const))(
  '%s: everybody has one list, and the ledger agrees',
  async (_fault, plan) => {
    const outcome = await suite.run(plan);
    outcomes.push(outcome);
    process.stderr.write(`${lineOf(outcome, plan, plans.length)}\n`);
    expect(outcome.complaints).toEqual([]);
    expect(outcome).toMatchObject({ listeners: plan.listeners, lost: 0, doubled: 0 });
    expect(isTight(plan) || outcome.late === 0).toBe(true);
  },
);

test('at least half of them struck while messages were unacknowledged', () => {
  const summary = summaryOf(outcomes);
  expect(summary).toMatchObject({ runs: faults.length, lost: 0, doubled: 0, lateUnexplained: 0 });
  expect(summary.hitInFlight).toBeGreaterThanOrEqual(0.5);
  expect(isGood(summary)).toBe(true);
});
