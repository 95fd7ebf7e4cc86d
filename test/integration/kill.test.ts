import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, jest, test } from '@jest/globals';
import { createRandom } from '../../model/random.ts';
import type { WeekStatus } from '../../pipelines/delivery/status.ts';
import type { WeeklyResult } from '../../workers/weekly.ts';
import {
  documentsHash,
  openCommandLine,
  type CommandLine,
  type Finished,
} from '../support/command-line.ts';
import { tell } from '../support/figures.ts';

jest.setTimeout(1_800_000);

const week = '2026-W02';
/** How often the run is killed, and how often of these in the delivery. */
const kills = 20;
const inDelivery = 4;
const args = ['weekly', '--listeners', '300', '--tracks', '1000', '--week', week, '--json'];

/** What a run says as it goes on, and what we call it; the first time counts. */
const milestones: readonly [RegExp, string][] = [
  [/^simulating/, 'simulating'],
  [/^ {2}imported/, 'imported'],
  [/^ {2}([a-z]+(?: \d{4}-\d\d-\d\d)?): /, '$1'],
  [/^ {2}delivered/, 'delivering'],
  [/are delivered/, 'delivered'],
];

function milestoneOf(line: string): string | undefined {
  for (const [pattern, name] of milestones) {
    const match = pattern.exec(line);
    if (match !== null) return name.replace('$1', match[1] ?? '');
  }
  return undefined;
}

/** Milestones of a run with the milliseconds from its start, in order. */
type Timeline = readonly { readonly name: string; readonly ms: number }[];

const opened: CommandLine[] = [];
async function life(): Promise<CommandLine> {
  const cli = await openCommandLine();
  opened.push(cli);
  return cli;
}
afterAll(async () => {
  for (const cli of opened) await cli.dispose();
});

test('a run killed at 20 random times and started again each time ends with the same lists', async () => {
  const undisturbed = await life();
  const { finished, timeline } = await runTimed(undisturbed);
  const expected = await outcome(undisturbed, finished);
  const { count } = expected.documents;
  expect(count).toBeGreaterThan(290); // who is known at the cut-off
  const all = { listeners: count, delivered: count, failed: 0, missing: 0 };
  expect(expected.status).toMatchObject(all);

  const moments = momentsOf(timeline, count);
  let cli = await life();
  let lives = 1;
  const left: Record<string, number> = {};
  let partlyDelivered = 0;
  for (let kill = 0; kill < moments.length;) {
    const moment = moments[kill]!;
    let result = await killAt(cli, timeline, moment);
    // All may be stored before the process is dead: then it was not killed in the delivery.
    if (result === undefined && 'storedLists' in moment && (await cli.stored()) >= count) {
      result = await cli.start(args).ended;
      expect(result.code).toBe(0);
    }
    if (result !== undefined) {
      // It was faster than the moment that was drawn: this life has ended well, another begins.
      expect(await outcome(cli, result)).toEqual(expected);
      cli = await life();
      lives++;
      continue;
    }
    kill++;
    const stored = await cli.stored();
    if (stored > 0 && stored < count) partlyDelivered++;
    const halfWritten = halfWrittenIn(cli.home);
    for (const what of halfWritten) left[what] = (left[what] ?? 0) + 1;
    const when =
      'milestone' in moment
        ? `${moment.offsetMs} ms after "${timeline[moment.milestone]!.name}"`
        : `${moment.storedLists} lists were to be stored`;
    process.stderr.write(
      `kill ${kill}, ${when}: half-written ${halfWritten.join(', ') || 'nothing'}; ${stored} lists stored\n`,
    );
  }
  const last = await cli.start(args).ended;
  expect(last.code).toBe(0);
  expect(await outcome(cli, last)).toEqual(expected);
  tell(`killed ${kills} times, half-written were`, { ...left, deliveries: partlyDelivered, lives });
  expect(Object.keys(left).length).toBeGreaterThan(0);
  expect(partlyDelivered).toBeGreaterThan(0);
});

async function runTimed(cli: CommandLine): Promise<{ finished: Finished; timeline: Timeline }> {
  const timeline: { name: string; ms: number }[] = [];
  const started = performance.now();
  const add = (name: string) => timeline.push({ name, ms: performance.now() - started });
  const running = cli.start(args, (line) => {
    const name = milestoneOf(line);
    if (name !== undefined && !timeline.some((known) => known.name === name)) add(name);
  });
  const finished = await running.ended;
  if (finished.code !== 0) throw new Error(finished.errors);
  return { finished, timeline };
}

/** A moment in a run: so long after a milestone, or as soon as so many lists are stored. */
type Moment =
  { readonly milestone: number; readonly offsetMs: number } | { readonly storedLists: number };

/**
 * Seeded moments from the first line that a run prints to its end, ascending, so that every life
 * gets further than the one before: three in the simulation and the import, which are short, four
 * in the delivery, the rest anywhere in between.
 */
function momentsOf(timeline: Timeline, lists: number): Moment[] {
  const random = createRandom('kill the weekly run');
  const at = (name: string) => timeline.find((milestone) => milestone.name === name)!.ms;
  const draw = (count: number, from: number, to: number) =>
    Array.from({ length: count }, () => from + random.uniform() * (to - from));
  const ascending = (a: number, b: number) => a - b;
  const times = [
    ...draw(3, at('simulating'), at('imported')),
    ...draw(kills - 3 - inDelivery, at('simulating'), at('lists')),
  ];
  return [
    ...times.sort(ascending).map((ms) => {
      const milestone = timeline.findLastIndex((earlier) => earlier.ms <= ms);
      return { milestone, offsetMs: Math.round(ms - timeline[milestone]!.ms) };
    }),
    ...draw(inDelivery, 1, 0.8 * lists)
      .sort(ascending)
      .map((stored) => ({ storedLists: Math.round(stored) })),
  ];
}

/** @returns undefined where it was killed, else how it ended before */
async function killAt(
  cli: CommandLine,
  timeline: Timeline,
  moment: Moment,
): Promise<Finished | undefined> {
  let seen = -1;
  const running = cli.start(args, (line) => {
    // Stages run side by side, so the order varies a little; a later one means that it is over.
    const name = milestoneOf(line);
    seen = Math.max(
      seen,
      timeline.findIndex((known) => known.name === name),
    );
  });
  let hasEnded = false;
  const ended = running.ended.finally(() => (hasEnded = true));
  if ('milestone' in moment) {
    while (!hasEnded && seen < moment.milestone) await pause(1);
    await Promise.race([pause(moment.offsetMs), ended]);
  } else {
    while (!hasEnded && (await cli.stored()) < moment.storedLists) await pause(1);
  }
  running.kill();
  const finished = await ended;
  if (finished.code === null) return undefined;
  if (finished.code !== 0) throw new Error(finished.errors);
  return finished;
}

/** All that must be the same however often a run was killed. */
async function outcome(cli: CommandLine, { output }: Finished) {
  const result = JSON.parse(output) as WeeklyResult;
  const documents = await cli.documents();
  const { total } = await cli.json<WeekStatus>('status', '--week', week);
  return {
    lists: result.weeks.map(({ lists, content, model }) => ({ lists, content, model })),
    documents: { count: documents.length, hash: documentsHash(documents) },
    status: total,
    files: filesBelow(cli.home),
  };
}

function filesBelow(home: string): string[] {
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(home, join(entry.parentPath, entry.name)))
    .sort();
}

/** What a killed run was writing. */
function halfWrittenIn(home: string): string[] {
  const written = readdirSync(home, { recursive: true, withFileTypes: true })
    .map((entry) => relative(home, join(entry.parentPath, entry.name)))
    .flatMap(
      (path) => /.*\.partial|.*\.building\/[^/-]+|lake\/scratch(?=\/)/.exec(path)?.[0] ?? [],
    );
  return [...new Set(written)].sort();
}
