/**
 * A process of the API's bench; its argument is an `ApiTask` as JSON.
 *
 * - `serve`: the API on a port, until SIGTERM
 * - `load`: asks for current lists, and tells how long that took
 *
 * Prints a line when it is ready, and what it has used when it ends.
 */
import { Agent, get, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '../../infra/config.ts';
import { createLog } from '../../infra/log.ts';
import type { ServerUrls } from '../../infra/servers/index.ts';
import { openTokens, tokenSecret } from '../../infra/tokens.ts';
import { runApi } from '../../workers/api.ts';
import { benchUser } from './bench-lists.ts';
import { ownUsage, type Usage } from './usage.ts';

export interface ApiTask {
  readonly role: 'serve' | 'load';
  readonly home: string;
  readonly namespace: string;
  readonly servers: ServerUrls;
  readonly port: number;
  /** Added to the time of day. */
  readonly shiftMs: number;
  /** For `load`: requests a second that arrive evenly, whether or not those before are answered. */
  readonly rate: number;
  readonly seconds: number;
  /** Requests come at the rate for so long before they are measured. */
  readonly warmSeconds: number;
  /** Connections that ask one after the other without pause, for the most there can be. */
  readonly connections: number;
  /** Listeners from this index on are asked for, so many in turn. */
  readonly firstUser: number;
  readonly numUsers: number;
  readonly how: 'cached' | 'uncached' | 'not modified';
}

/** Milliseconds are from when a request was due to its last byte. */
export interface Load extends Usage {
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** With all connections busy. */
  readonly perSecond: number;
  /** Of all answers, those before and after the measured requests too. */
  readonly statuses: Readonly<Record<string, number>>;
}

const errors = createLog('warn');

async function main(task: ApiTask): Promise<void> {
  const { home, namespace, servers, port, shiftMs } = task;
  const clock = () => Date.now() + shiftMs;
  if (task.role === 'load') return tell(await load(task, clock));
  const stopping = new AbortController();
  process.once('SIGTERM', () => stopping.abort());
  await runApi(
    {
      config: { ...readConfig({ home }, {}), namespace },
      servers,
      archive: { find: () => Promise.resolve(undefined), weeks: () => Promise.resolve([]) },
      clock,
      log: {
        warn: (fields, message) => errors.warn(fields, message),
        error: (fields, message) => errors.error(fields, message),
        info: (_fields, message) => void (message.startsWith('serving') && tell({ ready: true })),
      },
    },
    { host: '127.0.0.1', port },
    stopping.signal,
  );
  tell(ownUsage());
}

async function load(task: ApiTask, clock: () => number): Promise<Load> {
  const { home, port, rate, seconds, warmSeconds, connections, firstUser, numUsers, how } = task;
  const tokens = openTokens(await tokenSecret(home), clock);
  const users = Array.from({ length: numUsers }, (_, n) => benchUser(firstUser + n));
  const asked: { path: string; headers: Record<string, string> }[] = [];
  for (const user of users) {
    const token = await tokens.issue({ scope: 'listener', user }, 1);
    asked.push({
      path: `/v1/users/${user}/playlists/current`,
      headers: { authorization: `Bearer ${token}` },
    });
  }
  const agent = new Agent({ keepAlive: true, maxSockets: 128 });
  const statuses: Record<string, number> = {};
  const ask = (n: number) =>
    new Promise<IncomingHttpHeaders>((resolve, reject) => {
      get({ host: '127.0.0.1', port, agent, ...asked[n % numUsers]! }, (response) => {
        const { statusCode = 0, headers } = response;
        statuses[statusCode] = (statuses[statusCode] ?? 0) + 1;
        response
          .resume()
          .on('end', () => resolve(headers))
          .on('error', reject);
      }).on('error', reject);
    });
  if (how !== 'uncached') {
    // Asked once, so that it is cached, and its tag known.
    for (let n = 0; n < numUsers; n++) {
      const { etag } = await ask(n);
      if (how === 'not modified') asked[n]!.headers['if-none-match'] = etag!;
    }
  }
  let next = 0;
  const total = Math.round(rate * seconds);
  const took = new Float64Array(total);
  /** Requests that arrive evenly at the rate. @param told - its time in milliseconds, of the n-th */
  const arrive = async (count: number, told: (ms: number, n: number) => void) => {
    const waiting: Promise<unknown>[] = [];
    const started = performance.now();
    for (let n = 0; n < count;) {
      const due = Math.min(count, Math.floor(((performance.now() - started) * rate) / 1000));
      for (; n < due; n++) {
        const place = n;
        const dueMs = started + (place * 1000) / rate;
        waiting.push(ask(next++).then(() => told(performance.now() - dueMs, place)));
      }
      await pause(1);
    }
    await Promise.all(waiting);
  };
  // Connections and code are warm before anything counts; users of their own where none is cached.
  await arrive(rate * warmSeconds, () => undefined);
  const before = ownUsage();
  await arrive(total, (ms, n) => void (took[n] = ms));
  took.sort();
  const perSecond = await most(connections, seconds / 2, () => ask(next++));
  agent.destroy();
  const { cpuSeconds, peakMb } = ownUsage();
  return {
    requests: total,
    p50Ms: took[Math.floor(total * 0.5)]!,
    p99Ms: took[Math.floor(total * 0.99)]!,
    maxMs: took[total - 1]!,
    perSecond,
    statuses,
    cpuSeconds: cpuSeconds - before.cpuSeconds,
    peakMb,
  };
}

async function most(
  connections: number,
  seconds: number,
  ask: () => Promise<unknown>,
): Promise<number> {
  const started = performance.now();
  const end = started + seconds * 1000;
  let answered = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() < end) {
        await ask();
        answered++;
      }
    }),
  );
  return answered / ((performance.now() - started) / 1000);
}

function tell(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

await main(JSON.parse(process.argv[2]!) as ApiTask);
