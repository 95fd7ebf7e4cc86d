/**
 * How fast listens are accepted, and how soon they are in the lake, with API, broker, sink and load
 * on one machine:
 *
 *     npm run bench:listens [-- --listens 3000000] [--singles 100000] [--past-api] [--kafka] [--json]
 *
 * First requests of 1,000 listens at 50,000 a second, then requests of 1 at 5,000 a second. A
 * request counts when it is answered, which is when the broker has confirmed it. What is accepted
 * and what the lake's manifest names are compared four times a second; in the end SQL counts.
 * `--listens 50000000` shows whether memory stays flat; it takes 17 minutes and, with the log's
 * 2 GB and the lake, some 6 GB of disk. All of it is removed in the end.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import getPort from 'get-port';
import { readConfig } from '../../infra/config.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openLake } from '../../infra/lake.ts';
import { createLog } from '../../infra/log.ts';
import {
  ensureServers,
  stopServers,
  type AnyServerName,
  type ServerUrls,
} from '../../infra/servers/index.ts';
import { SERVER_NAMES } from '../../infra/servers/kind.ts';
import { fromLake } from '../../pipelines/lake.ts';
import type { SinkBatch } from '../../pipelines/intake/sink.ts';
import type { Accepted, ListensTask } from './listens-part.ts';
import { processUsage, type Usage } from './usage.ts';

interface Part {
  readonly pid: number;
  /** What it has said so far, without the first word. */
  readonly said: Record<string, unknown>[];
  /** When it has ended. */
  readonly closed: Promise<unknown>;
  end(): Promise<void>;
}

interface Sample {
  readonly atMs: number;
  readonly visible: number;
  readonly memoryMb: Readonly<Record<string, number>>;
}

const stillMs = 60_000;
/** Progress is told after so many samples: each half minute. */
const progressSamples = 120;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      listens: { type: 'string', default: '3000000' },
      rate: { type: 'string', default: '50000' },
      singles: { type: 'string', default: '100000' },
      'single-rate': { type: 'string', default: '5000' },
      'past-api': { type: 'boolean', default: false },
      kafka: { type: 'boolean', default: false },
      home: { type: 'string', default: join('.mondaymix', 'bench-listens') },
      json: { type: 'boolean', default: false },
    },
  });
  const home = resolve(values.home);
  await mkdir(home, { recursive: true });
  const base = readConfig({ home }, {});
  const names: AnyServerName[] = values.kafka ? ['kafka'] : ['rabbitmq'];
  // The API stands on all of them.
  if (!values['past-api']) names.push(...SERVER_NAMES);
  const servers = await ensureServers(base, createLog('error'), [...new Set(names)]);
  const results: Record<string, unknown> = {};
  try {
    let first = 0;
    for (const [name, listens, perRequest, rate, connections] of [
      ['inRequestsOf1000', Number(values.listens), 1000, Number(values.rate), 16],
      ['inRequestsOf1', Number(values.singles), 1, Number(values['single-rate']), 128],
    ] as const) {
      if (listens === 0) continue;
      const pastApi = values['past-api'];
      results[name] = await run(home, servers, {
        ...{ listens, perRequest, rate, connections, first, pastApi },
      });
      first += listens;
      if (!values.json)
        process.stdout.write(`${name}: ${JSON.stringify(results[name], null, 1)}\n`);
    }
    if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);
  } finally {
    await stopServers(home);
    await rm(home, { recursive: true, force: true });
  }
}

type Asked = Pick<
  ListensTask,
  'listens' | 'perRequest' | 'rate' | 'connections' | 'first' | 'pastApi'
>;

async function run(home: string, servers: ServerUrls, asked: Asked) {
  const task = { home, namespace: 'bench', servers, port: await getPort(), ...asked };
  const parts: Record<string, Part> = {};
  const samples: Sample[] = [];
  const visibleBefore = await visibleListens(home);
  try {
    if (!asked.pastApi) parts['api'] = await start({ ...task, role: 'serve' });
    parts['sink'] = await start({ ...task, role: 'ingest' });
    const load = (parts['load'] = await start({ ...task, role: 'load' }));
    const broker = servers.kafkaBrokers === undefined ? 'rabbitmq' : 'kafka';
    const pids = { ...pidsOf(parts), broker: await brokerPid(home, broker) };
    const before = usages(pids);
    let latest = before;
    let visible = 0;
    for (let still = performance.now(); performance.now() - still < stillMs;) {
      await pause(250);
      const now = (await visibleListens(home)) - visibleBefore;
      if (now !== visible) still = performance.now();
      visible = now;
      latest = { ...latest, ...usages(pids) };
      const memoryMb = Object.fromEntries(Object.entries(latest).map(([n, u]) => [n, u.nowMb]));
      samples.push({ atMs: Date.now(), visible, memoryMb });
      if (samples.length % progressSamples === 0) {
        const accepted = Number(
          load.said.findLast((line) => 'accepted' in line)?.['accepted'] ?? 0,
        );
        const held = Object.entries(memoryMb).map(([n, mb]) => `${n} ${Math.round(mb)} MB`);
        process.stderr.write(
          `accepted ${accepted} of ${asked.listens}, visible ${visible}; ${held.join(', ')}\n`,
        );
      }
      if (visible >= asked.listens && load.said.some((line) => 'seconds' in line)) break;
    }
    const per100k = (name: string) =>
      (100_000 * (latest[name]!.cpuSeconds - before[name]!.cpuSeconds)) / asked.listens;
    const accepted = load.said.filter((line) => 'accepted' in line) as unknown as Accepted[];
    const seconds = load.said.find((line) => 'seconds' in line)?.['seconds'] as number;
    const batches = parts['sink'].said.filter((line) => 'lagMs' in line) as unknown as SinkBatch[];
    await Promise.all(Object.values(parts).map((part) => part.end()));
    return {
      listens: asked.listens,
      acceptedPerSecond: Math.round(asked.listens / seconds),
      visible: await countBySql(home),
      toVisibleSeconds: longestToVisible(accepted, samples),
      batches: batches.length,
      merges: batches.reduce((sum, { merges }) => sum + merges, 0),
      cpuSecondsPer100k: Object.fromEntries(
        Object.keys(pids).map((name) => [name, round(per100k(name))]),
      ),
      memoryMb: Object.fromEntries(Object.keys(pids).map((name) => [name, growth(samples, name)])),
      diskMb: {
        lake: await sizeMb(join(home, 'lake')),
        log: await sizeMb(join(home, 'servers', broker, 'data')),
        spool: await sizeMb(join(home, 'ingest')),
      },
    };
  } finally {
    await Promise.all(Object.values(parts).map((part) => part.end()));
  }
}

async function start(task: ListensTask): Promise<Part> {
  const script = join(import.meta.dirname, 'listens-part.ts');
  const child = spawn(
    process.execPath,
    ['--no-warnings', '--import', 'tsx', script, JSON.stringify(task)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const closed = once(child, 'close');
  const said: Record<string, unknown>[] = [];
  await new Promise<void>((ready, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(JSON.parse(line) as Record<string, unknown>);
      ready();
    });
    child.once('close', () => reject(new Error(`${task.role}: ended before it was ready`)));
  });
  said.shift();
  return {
    pid: child.pid!,
    said,
    closed,
    async end() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await closed;
    },
  };
}

function pidsOf(parts: Readonly<Record<string, Part>>): Record<string, number> {
  return Object.fromEntries(Object.entries(parts).map(([name, { pid }]) => [name, pid]));
}

async function brokerPid(home: string, broker: string): Promise<number> {
  return Number(
    (await readFile(join(home, 'servers', broker, 'server.pid'), 'utf8')).split('\n')[0],
  );
}

/** A process that has ended is left out. */
function usages(pids: Readonly<Record<string, number>>): Record<string, Usage & { nowMb: number }> {
  return Object.fromEntries(
    Object.entries(pids).flatMap(([name, pid]) => {
      const usage = processUsage(pid);
      return usage === undefined ? [] : [[name, usage]];
    }),
  );
}

/** What the manifest names; reading it disturbs nobody. */
async function visibleListens(home: string): Promise<number> {
  const text = await readFile(join(home, 'lake', 'manifest.json'), 'utf8').catch(
    () => '{"segments":[]}',
  );
  const { segments } = JSON.parse(text) as { segments: { table: string; rows: number }[] };
  return segments.reduce((sum, { table, rows }) => sum + (table === 'listens' ? rows : 0), 0);
}

async function countBySql(home: string): Promise<number> {
  const { tables } = await openLake(home).snapshot();
  const sql = await openDuckdb({ threads: 1 });
  const [row] = await sql.rows<{ rows: number }>(
    `SELECT count(*) AS rows FROM ${fromLake('listens', tables.listens)}`,
  );
  sql.dispose();
  return row!.rows;
}

/** Over all moments: how long it took until as much was visible as was accepted then, seconds. */
function longestToVisible(accepted: readonly Accepted[], samples: readonly Sample[]) {
  let longest = 0;
  let s = 0;
  for (const one of accepted) {
    while (s < samples.length && samples[s]!.visible < one.accepted) s++;
    if (s === samples.length) return null;
    longest = Math.max(longest, samples[s]!.atMs - one.atMs);
  }
  return round(longest / 1000);
}

/** The most of the second quarter and of the last, and the medians of all four, MiB. */
function growth(samples: readonly Sample[], name: string) {
  const peak = (from: number, to: number) =>
    Math.round(
      Math.max(
        ...samples
          .slice(Math.floor(samples.length * from), Math.ceil(samples.length * to))
          .map(({ memoryMb }) => memoryMb[name] ?? 0),
      ),
    );
  const median = (quarter: number) => {
    const [from, to] = [quarter / 4, (quarter + 1) / 4].map((at) =>
      Math.floor(samples.length * at),
    );
    const values = samples.slice(from, to).map(({ memoryMb }) => memoryMb[name] ?? 0);
    return Math.round(values.sort((a, b) => a - b)[values.length >> 1] ?? 0);
  };
  const medians = [0, 1, 2, 3].map(median);
  return { early: peak(0.25, 0.5), late: peak(0.75, 1), medianOfQuarters: medians };
}

async function sizeMb(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
  }
  return round(bytes / 2 ** 20);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

void main();
