/**
 * A process that is a real worker, `deliver` or `scheduler`, of one namespace after another, as its
 * parent says; to be killed. Tells its parent how many messages it holds.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../../infra/config.ts';
import type { ServerUrls } from '../../infra/servers/index.ts';
import { runDeliver } from '../../workers/deliver.ts';
import { runScheduler } from '../../workers/scheduler.ts';
import { archiveOf, frozenListsOf } from '../support/frozen-lists.ts';
import type { Log } from '../../pipelines/ports.ts';
import { countUnacknowledged, type Unacknowledged } from './unacknowledged.ts';

/** What a worker is to do. */
export interface Task {
  readonly role: 'deliver' | 'scheduler';
  readonly namespace: string;
  readonly home: string;
  /** Folder of the workers' logs. */
  readonly logs: string;
  readonly servers: ServerUrls;
  readonly pictureUrl: string | undefined;
  readonly week: string;
  readonly zones: Readonly<Record<string, number>>;
  readonly batchSize: number;
  /** What its clock is ahead of ours. */
  readonly offsetMs: number;
}

export type ToChild = { readonly open: Task } | { readonly close: true };
export type FromChild =
  | { readonly kind: 'ready' }
  | { readonly kind: 'closed' }
  | ({ readonly kind: 'holds' } & Unacknowledged)
  | { readonly kind: 'failed'; readonly reason: string };

const tell = (message: FromChild) => process.send!(message);

countUnacknowledged((now) => tell({ kind: 'holds', ...now }));

let stop: (() => Promise<void>) | undefined;
process.on('message', (message: ToChild) => {
  if ('open' in message) {
    stop = begin(message.open);
    return;
  }
  void (stop?.() ?? Promise.resolve()).then(() => {
    stop = undefined;
    tell({ kind: 'closed' });
  });
});
process.on('disconnect', () => process.exit());
tell({ kind: 'ready' });

/** One file for each process; written at once, since it may be killed. */
function logIn(folder: string): Log {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${process.pid}.ndjson`);
  const write = (level: string) => (fields: object, message: string) => {
    appendFileSync(file, `${JSON.stringify({ at: new Date(), level, message, ...fields })}\n`);
  };
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

function begin(task: Task): () => Promise<void> {
  const { namespace, home, servers, week, zones, batchSize, offsetMs, pictureUrl } = task;
  const lists = frozenListsOf(week, zones);
  const stopping = new AbortController();
  const options = {
    config: { ...readConfig({ home }, {}), namespace, pictureUrl },
    servers,
    archive: archiveOf(lists),
    clock: () => Date.now() + offsetMs,
    log: logIn(task.logs),
    batchSize,
  };
  const running =
    task.role === 'deliver'
      ? runDeliver(options, stopping.signal)
      : runScheduler(
          { ...options, sweepEveryMs: 1000, runWeek: () => Promise.resolve(lists) },
          stopping.signal,
        );
  const ended = running.catch((error: unknown) => {
    if (!stopping.signal.aborted) tell({ kind: 'failed', reason: String(error) });
  });
  return () => {
    stopping.abort();
    return ended;
  };
}
