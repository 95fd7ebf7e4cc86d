import { setTimeout as pause } from 'node:timers/promises';
import type { ServerUrls } from '../../infra/servers/index.ts';
import { createRandom } from '../../model/random.ts';
import type { WeekStatus } from '../../pipelines/delivery/status.ts';
import { documentsHash, openCommandLine, type CommandLine } from '../support/command-line.ts';
import type { Fault } from './faults.ts';
import type { Plan } from './run.ts';
import type { Outcome } from './suite.ts';

export const weeklyKilled: Fault = {
  name: 'weekly run killed',
  weight: 6,
  strike: () => Promise.reject(new Error('a weekly run is struck by its own hand')),
};

const week = '2026-W02';
const args = ['weekly', '--listeners', '80', '--tracks', '500', '--week', week];

/** What an undisturbed run comes to, and when it said what: milliseconds from its start. */
interface Undisturbed {
  readonly ids: readonly string[];
  readonly hash: string;
  readonly said: readonly { readonly line: string; readonly ms: number }[];
  readonly ms: number;
}

/**
 * Kills the weekly run, as a user starts it, at a drawn time between its first word and its end,
 * the times spread evenly over the runs of a series; starts it again, and holds what is delivered
 * against an undisturbed run: the same lists, once each.
 */
export function openWeeklyKills(servers: ServerUrls) {
  let undisturbed: Promise<Undisturbed> | undefined;
  /** Times are spread by the golden ratio, from a drawn one on. */
  let kills = 0;
  return async function killWeekly(plan: Plan): Promise<Outcome> {
    const started = performance.now();
    undisturbed ??= runUndisturbed(servers);
    const expected = await undisturbed;
    const random = createRandom(plan.seed, 'weekly run killed');
    const share = (random.uniform() + 0.6180339887 * kills++) % 1;
    const first = expected.said[0]!.ms;
    const killMs = first + share * (expected.ms - first);
    const complaints: string[] = [];
    const cli = await openCommandLine(undefined, servers);
    try {
      let last = 'its start';
      const begun = performance.now();
      const running = cli.start(args, (line) => (last = line.trim()));
      const ended = running.ended.then(() => true);
      await Promise.race([pause(killMs), ended]);
      const at = new Date().toISOString();
      const afterMs = Math.round(performance.now() - begun);
      running.kill();
      const { code } = await running.ended;
      const acknowledged = await cli.stored();
      await cli.run(...args);
      const tally = await compare(cli, expected, complaints);
      return {
        ...{ run: plan.number, seed: plan.seed, fault: plan.fault, at, afterMs, acknowledged },
        // It is one process with all its workers in it; whoever it told last is all that is known.
        unacknowledged: 0,
        heldByPid: {},
        pids: code === null ? [running.pid] : [],
        after: code === null ? last : 'it had ended before',
        ...{ batches: 0, awayMs: 0, beforeMondayMs: 0 },
        ...tally,
        seconds: Math.round((performance.now() - started) / 10) / 100,
        complaints,
      };
    } finally {
      await cli.dispose();
    }
  };
}

async function compare(cli: CommandLine, expected: Undisturbed, complaints: string[]) {
  const documents = await cli.documents();
  const there = new Set(documents.map(({ user, week: of }) => `${user}:${of}`));
  const lost = expected.ids.filter((id) => !there.has(id)).length;
  const doubled = documents.length - there.size;
  if (lost + doubled > 0) complaints.push(`${lost} lists are lost, ${doubled} doubled`);
  if (documentsHash(documents) !== expected.hash) complaints.push('these are other lists');
  const { total } = await cli.json<WeekStatus>('status', '--week', week);
  const { listeners, delivered, failed, missing, late } = total;
  const others = failed + missing + late;
  if (delivered !== listeners || delivered !== expected.ids.length || others > 0) {
    complaints.push(`status: ${JSON.stringify(total)}`);
  }
  return { listeners: expected.ids.length, lost, doubled, late };
}

async function runUndisturbed(servers: ServerUrls): Promise<Undisturbed> {
  const cli = await openCommandLine(undefined, servers);
  try {
    const said: { line: string; ms: number }[] = [];
    const started = performance.now();
    const { code, errors } = await cli.start(args, (line) =>
      said.push({ line, ms: performance.now() - started }),
    ).ended;
    const ms = performance.now() - started;
    if (code !== 0) throw new Error(`an undisturbed weekly run failed: ${errors}`);
    const documents = await cli.documents();
    return { ids: documents.map(({ _id }) => _id), hash: documentsHash(documents), said, ms };
  } finally {
    await cli.dispose();
  }
}
