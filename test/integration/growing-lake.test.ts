import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { simulate } from '../../pipelines/simulate/simulate.ts';
import type { WeekResult, WeeklyResult } from '../../workers/weekly.ts';
import { mistakeOf, mondaymix } from '../support/operator.ts';
import { temporaryFolder } from '../support/sources.ts';

/**
 * A lake that grows by a week between two Mondays: the second week learns of the weeks before from
 * what the first has made, and makes only what the new week brings.
 */

jest.setTimeout(600_000);

const folder = temporaryFolder();
const sources = join(folder.path, 'sources');
const listens = join(sources, 'listens.csv');
const home = join(folder.path, 'home');
const cutoff = '2025-12-29';
/** The listens before the first week, and before the second. */
let earlier: string;
let later: string;
let first: WeekResult;
let second: WeekResult;

async function weekly(
  known: string,
  week: string,
  at = home,
  ...more: string[]
): Promise<WeekResult> {
  writeFileSync(listens, known);
  const { code, output, errors } = await mondaymix([
    ...['weekly', '--home', at, '--data', sources, '--week', week],
    ...['--no-deliver', '--json', ...more],
  ]);
  if (code !== 0) throw new Error(`weekly ${week} ${more.join(' ')}: ${errors}`);
  return (JSON.parse(output) as WeeklyResult).weeks[0]!;
}

/** How many cut-offs a stage was asked about. */
function cutoffsOf({ funnel }: WeekResult, stage: string): number {
  const label = funnel.find((one) => one.stage === stage)!.label;
  return Number(/\((\d+) cut-offs\)/.exec(label)?.[1] ?? 1);
}

beforeAll(async () => {
  await simulate({ listeners: 150, tracks: 600, weeks: 8 }, sources);
  const [header, ...lines] = readFileSync(listens, 'utf8').split('\n');
  const known = lines.filter((line) => line !== '' && line < cutoff);
  expect(known.length).toBeGreaterThan(1000);
  expect(lines.length - known.length).toBeGreaterThan(100);
  later = [header, ...lines].join('\n');
  earlier = `${[header, ...known].join('\n')}\n`;
  first = await weekly(earlier, '2026-W01');
  second = await weekly(later, '2026-W02');
});
afterAll(() => folder.remove());

test('the first week makes all it learns from, the next one what is new', () => {
  expect(first.takenOver).toBe(0);
  expect(cutoffsOf(first, 'examples')).toBeGreaterThanOrEqual(5);
  expect(second.takenOver).toBe(cutoffsOf(first, 'examples'));
  expect(cutoffsOf(second, 'examples')).toBe(1);
  expect(cutoffsOf(second, 'snapshot')).toBe(2);
  expect(cutoffsOf(second, 'factors')).toBe(2);
  expect(second.gate.learnedUntil! > first.gate.learnedUntil!).toBe(true);
});

test('the same weeks in another home are the same to the byte, and so is the week made again', async () => {
  const other = join(folder.path, 'other home');
  expect((await weekly(earlier, '2026-W01', other)).content).toBe(first.content);
  expect((await weekly(later, '2026-W02', other)).content).toBe(second.content);
  const again = await weekly(later, '2026-W02', other, '--from', 'catalogue');
  expect([again.content, again.takenOver]).toEqual([second.content, second.takenOver]);
});

test('what is taken over and is gone is named, and a new revision makes all of it', async () => {
  const examples = join(home, 'artifacts', 'examples');
  const book = JSON.parse(readFileSync(join(home, 'weeks', 'main', '2026-W02.json'), 'utf8')) as {
    takenOver: { cutoff: string; fingerprint: string }[];
  };
  const [gone] = book.takenOver;
  expect(readdirSync(examples)).toContain(gone!.fingerprint);
  rmSync(join(examples, gone!.fingerprint), { recursive: true });
  const args = ['weekly', '--home', home, '--data', sources, '--week', '2026-W02'];
  const told = await mistakeOf([...args, '--no-deliver', '--json'], {}, { '<home>': home });
  expect(told).toEqual({
    code: 1,
    message:
      `what 2026-W02 learns of ${gone!.cutoff.slice(0, 10)}: expected artifact ` +
      `examples/${gone!.fingerprint}, got none; --recompute makes a new revision that takes nothing over`,
  });
  const anew = await weekly(later, '2026-W02', home, '--recompute');
  expect([anew.revision, anew.takenOver]).toEqual([2, 0]);
  expect(cutoffsOf(anew, 'examples')).toBe(second.takenOver + 1);
  expect(anew.listeners).toBe(second.listeners);
});
