/**
 * The delivery under faults, on real servers and real processes:
 *
 *     npm run faults [-- --runs 200 --seed 1 --only 'RabbitMQ' --log FILE --json]
 *
 * Starts servers of its own, delivers a week in each run, strikes it at a moment drawn from the
 * seed, and holds what is stored against what was ordered: see docs/faults.md. Each run is one line
 * of NDJSON in the log (default `.mondaymix/faults/runs-SEED.ndjson`). Exit 0 where nothing was lost
 * or doubled, nothing late without a reason, and half of the faults hit messages in flight.
 */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { plansOf } from './plan.ts';
import { isGood, lineOf, summaryOf, tableOf } from './report.ts';
import type { Plan } from './run.ts';
import { openSuite, type Outcome } from './suite.ts';

const say = (line: string) => void process.stderr.write(`${line}\n`);

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '200' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string', default: '' },
      home: { type: 'string', default: '.mondaymix/faults' },
      log: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [runs, seed] = [values.runs, values.seed].map(Number) as [number, number];
  if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) {
    throw new Error(`expected --runs of 1 or more and --seed, got ${values.runs}, ${values.seed}`);
  }
  const home = resolve(values.home);
  const log = resolve(values.log ?? `${home}/runs-${seed}.ndjson`);
  let stopping = false;
  process.once('SIGINT', () => {
    stopping = true;
    say('stopping after this run');
  });
  const suite = await openSuite(home);
  const outcomes: Outcome[] = [];
  try {
    const which = suite.faults.filter(({ name }) => name.includes(values.only));
    if (which.length === 0) {
      throw new Error(`--only: expected one of ${suite.faults.map(({ name }) => name).join(', ')}`);
    }
    say(
      suite.servers.direct.mongodbInMemory
        ? 'MongoDB is the stand-in, which keeps nothing: it is cut off and frozen, not killed'
        : 'MongoDB keeps its data: it is cut off, frozen and killed',
    );
    mkdirSync(dirname(log), { recursive: true });
    writeFileSync(log, '');
    for (const plan of plansOf(runs, seed, which)) {
      if (stopping) break;
      const outcome = await suite.run(plan).catch(async (error: unknown) => {
        await suite.servers.heal();
        return brokenOff(plan, error);
      });
      outcomes.push(outcome);
      appendFileSync(log, `${JSON.stringify(outcome)}\n`);
      say(lineOf(outcome, plan, runs));
    }
  } finally {
    await suite.dispose();
  }
  const summary = summaryOf(outcomes);
  const isWhole = outcomes.length === runs;
  say(`\n${tableOf(outcomes)}\n`);
  say(
    `${summary.runs} runs: ${summary.lost} lost, ${summary.doubled} doubled, ${summary.late} late, ${summary.lateUnexplained} of them unexplained; ${Math.round(100 * summary.hitInFlight)} % hit with unacknowledged messages; ${log}`,
  );
  if (values.json) process.stdout.write(`${JSON.stringify({ ...summary, seed, log })}\n`);
  return isWhole && isGood(summary);
}

/** What is told of a run that could not be brought to its end. */
function brokenOff(plan: Plan, error: unknown): Outcome {
  const { number: run, seed, fault, listeners, awayMs, beforeMondayMs } = plan;
  return {
    ...{ run, seed, fault, listeners, awayMs, beforeMondayMs, at: new Date().toISOString() },
    ...{ afterMs: 0, acknowledged: 0, unacknowledged: 0, heldByPid: {}, pids: [], batches: 0 },
    ...{ lost: 0, doubled: 0, late: 0, seconds: 0 },
    complaints: [`broken off: ${error instanceof Error ? error.stack : String(error)}`],
  };
}

main().then(
  (good) => {
    process.exitCode = good ? 0 : 1;
  },
  (error: unknown) => {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exitCode = 1;
  },
);
