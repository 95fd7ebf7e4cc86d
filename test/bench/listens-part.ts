/**
 * A process of the bench of listens; its argument is a `ListensTask` as JSON.
 *
 * - `serve`: the API on a port, until SIGTERM
 * - `ingest`: the sink, until SIGTERM; a line for each batch
 * - `load`: submits listens, to the API or to the log itself, a line for each quarter of a second
 *
 * Prints a line when it is ready, and what it has used when it ends.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig, type Config } from '../../infra/config.ts';
import { openEventLog } from '../../infra/event-log.ts';
import { createLog } from '../../infra/log.ts';
import type { ServerUrls } from '../../infra/servers/index.ts';
import { openTokens, tokenSecret } from '../../infra/tokens.ts';
import type { Log } from '../../pipelines/ports.ts';
import { runApi } from '../../workers/api.ts';
import { runIngest } from '../../workers/ingest.ts';
import { requestFill, rowFill, type Fill } from './listens-body.ts';
import { listensWorld } from './listens-world.ts';
import { ownUsage } from './usage.ts';

export interface ListensTask {
  readonly role: 'serve' | 'ingest' | 'load';
  readonly home: string;
  readonly namespace: string;
  readonly servers: ServerUrls;
  readonly port: number;
  /** Submits past the API, to the log itself. */
  readonly pastApi: boolean;
  /** Listens in a request. */
  readonly perRequest: number;
  /** Listens a second; requests are due evenly. */
  readonly rate: number;
  readonly listens: number;
  readonly connections: number;
  /** Number of the first listen: each number is another listen. */
  readonly first: number;
}

/** Listens that were answered for so far, and when. */
export interface Accepted {
  readonly accepted: number;
  readonly atMs: number;
}

const errors = createLog('warn');

async function main(task: ListensTask): Promise<void> {
  const config = configOf(task);
  const stopping = new AbortController();
  process.once('SIGTERM', () => stopping.abort(new Error('stopped')));
  if (task.role === 'load') await load(task, config);
  if (task.role === 'serve') await serve(task, config, stopping.signal);
  if (task.role === 'ingest') {
    tell({ ready: true });
    await runIngest(
      { config, servers: task.servers, log: errors, onBatch: tell },
      stopping.signal,
    ).catch((error: unknown) => {
      if (!stopping.signal.aborted) throw error;
    });
  }
  tell(ownUsage());
  process.exit(0);
}

function configOf({ home, namespace, servers }: ListensTask): Config {
  const most = '1000000000';
  // What the bench measures is not how much one listener may send.
  const config = readConfig(
    { home },
    { RATE_LIMIT_TOKEN: most, RATE_LIMIT_ADDRESS: most, LOG_KEEP_MB: '2000' },
  );
  const kafkaBrokers = servers.kafkaBrokers?.split(',');
  return { ...config, namespace, ...(kafkaBrokers === undefined ? {} : { kafkaBrokers }) };
}

function serve({ servers, port }: ListensTask, config: Config, signal: AbortSignal): Promise<void> {
  const log: Log = {
    warn: (fields, message) => errors.warn(fields, message),
    error: (fields, message) => errors.error(fields, message),
    info: (_fields, message) => void (message.startsWith('serving') && tell({ ready: true })),
  };
  const archive = { find: () => Promise.resolve(undefined), weeks: () => Promise.resolve([]) };
  const options = { config, servers, archive, clock: Date.now, log };
  return runApi(options, { host: '127.0.0.1', port }, signal);
}

/** A way of submitting: resolves when the listens from a number on are accepted. */
type Submit = (first: number) => Promise<void>;

async function load(task: ListensTask, config: Config): Promise<void> {
  const { perRequest, rate, listens, connections } = task;
  const lanes = task.pastApi ? appendLanes(task, config) : await httpLanes(task, config);
  tell({ ready: true });
  const requests = Math.ceil(listens / perRequest);
  const everyMs = (1000 * perRequest) / rate;
  const startedMs = performance.now();
  let [next, accepted] = [0, 0];
  const reporting = setInterval(() => tell({ accepted, atMs: Date.now() }), 250);
  await Promise.all(
    Array.from({ length: connections }, async (_, lane) => {
      for (let mine = next++; mine < requests; mine = next++) {
        const waitMs = startedMs + mine * everyMs - performance.now();
        // Timers are coarse: what is due within a millisecond goes now.
        if (waitMs > 1) await pause(waitMs);
        await lanes[lane]!(task.first + mine * perRequest);
        accepted += perRequest;
      }
    }),
  );
  clearInterval(reporting);
  tell({ accepted, atMs: Date.now() });
  tell({ seconds: (performance.now() - startedMs) / 1000 });
}

function appendLanes(task: ListensTask, config: Config): Submit[] {
  const events = openEventLog(config, task.servers, errors);
  const fill = rowFill(listensWorld(), task.perRequest);
  return Array.from({ length: task.connections }, () => (first) => {
    // It is on its way while the next one is written.
    const body = Buffer.from(fill(first, Math.floor(Date.now() / 1000)));
    return events.append({ table: 'listens', rows: task.perRequest, body });
  });
}

async function httpLanes(task: ListensTask, config: Config): Promise<Submit[]> {
  const issuer = openTokens(await tokenSecret(config.home), Date.now);
  const world = listensWorld();
  const tokens = await Promise.all(
    world.listeners.map((user) => issuer.issue({ scope: 'listener', user }, 1)),
  );
  const fill = requestFill(world, task.perRequest, tokens);
  return Promise.all(Array.from({ length: task.connections }, () => openLane(task, fill)));
}

async function openLane({ port }: ListensTask, fill: Fill): Promise<Submit> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise<void>((resolve, reject) =>
    socket.once('connect', resolve).once('error', reject),
  );
  let answered: (problem?: Error) => void = () => undefined;
  let text = '';
  socket.on('error', (error) => answered(error));
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (end < 0 || text.length < end + 4 + length) return;
    const problem = text.startsWith('HTTP/1.1 200') ? undefined : new Error(text);
    text = '';
    answered(problem);
  });
  return (first) =>
    new Promise((resolve, reject) => {
      answered = (problem) => (problem === undefined ? resolve() : reject(problem));
      // What is written is shared by the lanes; the socket may hold it for a while.
      socket.write(Buffer.from(fill(first, Math.floor(Date.now() / 1000))));
    });
}

function tell(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

void main(JSON.parse(process.argv[2]!) as ListensTask);
