/**
 * The throughput of a week, from trained factors to lists in MongoDB, on simulated worlds:
 *
 *     npm run bench:weekly -- --users 1000000 --tracks 1000000
 *     npm run bench:weekly -- --sizes 10000,100000,1000000
 *     npm run bench:weekly -- --sizes 100000x1000000,1000000x1000000
 *
 * For each size a world is drawn (test/bench/world), and a process of its own (weekly/run-size.ts)
 * runs the real stage `lists` on it and the real delivery of what it made, through servers in a home
 * of the bench's own. Everybody's picture is looked up as ever: 30 % have one, known from the week
 * before (304), of the others the source says that there is none; covers are asked for and not
 * drawn. The ranker is trained once, by the real stages, on a small world.
 *
 * "making" begins with reading the world and ends with the artifact in place; "publishing" ends with
 * the last confirm of RabbitMQ, "delivery" with the last entry of the ledger; end to end is making
 * and then delivery.
 */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { readConfig } from '../../infra/config.ts';
import { logForPeople } from '../../infra/log.ts';
import { ensureServers, stopServers } from '../../infra/servers/index.ts';
import { loadTensorflow } from '../../infra/tensorflow.ts';
import { Mistake } from '../../model/mistake.ts';
import { number } from '../../pipelines/funnel.ts';
import { Runner } from '../../pipelines/runner.ts';
import { untilStopped } from '../../workers/commands/options.ts';
import { openHome } from '../../workers/home.ts';
import { tell } from '../../workers/tell.ts';
import { brokenPromises } from './weekly/checks.ts';
import { duration } from './weekly/progress.ts';
import { rates, reportTable, type SizeReport } from './weekly/report.ts';
import type { SizeRequest } from './weekly/run-size.ts';
import { rankerOf } from './world/ranker.ts';
import { makeWorld, worldOptions, type WorldOptions } from './world/world.ts';

interface Options {
  readonly users: string;
  readonly tracks: string;
  readonly sizes?: string;
  readonly seed: string;
  readonly home: string;
  readonly keep?: boolean;
  readonly json?: boolean;
}

const command = new Command('bench:weekly')
  .description('Lists per second from trained factors to MongoDB, on simulated worlds.')
  .option('--users <number>', 'listeners', '100000')
  .option('--tracks <number>', 'tracks', '100000')
  .option('--sizes <list>', 'several sizes in turn: 10000,100000 or 100000x1000000,...')
  .option('--seed <number>', 'seed of the worlds', '1')
  .option(
    '--home <folder>',
    'where worlds, servers and lists lie',
    join('.mondaymix', 'bench', 'weekly'),
  )
  .option('--keep', 'leave worlds and servers there for the next run')
  .option('--json', 'print one JSON object as the last line of standard output')
  .addHelpText('after', '\nExample:\n  npm run bench:weekly -- --sizes 10000,100000,1000000');

async function main(signal: AbortSignal): Promise<void> {
  const options = command.parse().opts<Options>();
  const sizes = sizesOf(options);
  const config = readConfig({ home: resolve(options.home) });
  const started = performance.now();
  const reports: SizeReport[] = [];
  try {
    await ensureServers(config, logForPeople(config.logLevel));
    const worlds = join(config.home, 'worlds');
    const rankerWorld = worldOptions.parse({ users: 3000, tracks: 10_000, previousWeeks: 0 });
    await trainRanker(config.home, rankerWorld, worlds);
    for (const [n, world] of sizes.entries()) {
      const begun = performance.now();
      tell(`world of ${number(world.users)} listeners and ${number(world.tracks)} tracks`);
      const { fingerprint, reused } = await makeWorld(world, worlds, worldProgress());
      tell(`  ${reused ? 'found' : `made in ${duration((performance.now() - begun) / 1000)}`}`);
      const left = sizes.length - n - 1;
      tell(`making and delivering the lists${left > 0 ? `; ${left} more sizes follow` : ''}`);
      const report = await runSize({ home: config.home, world, rankerWorld }, signal);
      reports.push(report);
      tell(`  ${number(Math.round(rates(report)['end to end']!))} lists a second end to end`);
      if (options.keep !== true) await rm(join(worlds, fingerprint), { recursive: true });
    }
  } finally {
    if (options.keep !== true) {
      await stopServers(config.home);
      for (const folder of ['worlds', 'artifacts', 'servers', 'spill', 'pictures', 'covers']) {
        await rm(join(config.home, folder), { recursive: true, force: true });
      }
    }
  }
  process.stdout.write(`${reportTable(reports)}\n`);
  const broken = reports.flatMap((report) => brokenPromises(report.checks, report.users));
  if (options.json === true) {
    const seconds = (performance.now() - started) / 1000;
    const sizesTold = reports.map((report) => ({ ...report, listsPerSecond: rates(report) }));
    process.stdout.write(`${JSON.stringify({ sizes: sizesTold, broken, seconds })}\n`);
  }
  if (broken.length > 0) process.exitCode = 1;
}

/** @throws Mistake `USAGE` */
function sizesOf({ users, tracks, sizes, seed }: Options): WorldOptions[] {
  const asked = sizes === undefined ? [`${users}x${tracks}`] : sizes.split(',');
  return asked.map((size) => {
    const [, u, t] = /^(\d+)(?:x(\d+))?$/.exec(size) ?? [];
    const parsed = worldOptions.safeParse({
      users: Number(u),
      tracks: Number(t ?? u),
      seed: Number(seed),
    });
    if (parsed.success) return parsed.data;
    throw new Mistake(
      'USAGE',
      `expected numbers of listeners (1 to 100 million) and tracks (100 to 40 million), got "${size}"`,
    );
  });
}

async function trainRanker(home: string, options: WorldOptions, worlds: string): Promise<void> {
  tell('ranker');
  const world = await makeWorld(options, worlds, worldProgress());
  const opened = openHome(readConfig({ home }));
  const runner = new Runner({
    artifacts: opened.artifacts,
    openSql: () => opened.openSql(),
    clock: () => Date.now(),
    memoryMb: () => 0,
    signal: new AbortController().signal,
    onFinish: (label, { figures, reused }) => {
      const trained =
        figures['trainedOn'] === undefined ? '' : `, on ${figures['trainedOn']} plays`;
      tell(`  ${label}${reused ? ' found' : trained}`);
    },
  });
  await runner.make(rankerOf(world, loadTensorflow));
}

/** A line each few seconds; the time left is by the parts, which take about as long as each other. */
function worldProgress(): (what: string, done: number, total: number) => void {
  const started = performance.now();
  let toldAt = started;
  let part = [0, 1] as [number, number];
  return (what, done, total) => {
    const now = performance.now();
    if (/^(plays|factors of listeners)$/.test(what)) {
      if (now - toldAt < 3000) return;
      tell(`  ${what}: ${Math.round((100 * done) / total)} %`);
    } else {
      part = [done, total];
      if (now - toldAt < 3000) return;
      const left = done > 0 ? ((now - started) / 1000 / part[0]) * (part[1] - part[0]) : 0;
      tell(`  ${what} (${done} of ${total} parts)${left > 0 ? `, ${duration(left)} left` : ''}`);
    }
    toldAt = now;
  };
}

/** @throws Error where the run failed; it has said why */
async function runSize(request: SizeRequest, signal: AbortSignal): Promise<SizeReport> {
  const script = join(import.meta.dirname, 'weekly', 'run-size.ts');
  const args = ['--no-warnings', '--import', 'tsx', script, JSON.stringify(request)];
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    signal, // it ends with us
  });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const code = await new Promise<number | null>((done, failed) => {
    child.on('error', failed);
    child.on('close', done);
  });
  if (code !== 0) throw new Error(`the run of ${JSON.stringify(request.world)} failed`);
  return JSON.parse(output.trim().split('\n').at(-1)!) as SizeReport;
}

main(untilStopped()).catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof Mistake ? error.message : error instanceof Error ? (error.stack ?? '') : String(error)}\n`,
  );
  process.exitCode = error instanceof Mistake && error.code === 'USAGE' ? 2 : 1;
});
