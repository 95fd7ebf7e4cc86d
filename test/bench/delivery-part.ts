/**
 * A process of the delivery's bench; its argument is a `PartTask` as JSON.
 *
 * - `publish`: places the orders of the week, publishes them, and ends
 * - `deliver`: a worker on the queue, until SIGTERM
 * - `pictures`: a source of pictures, until SIGTERM: 30 % of the listeners have one
 *
 * Prints a line when it is ready, and what it has used when it ends.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '../../infra/config.ts';
import { createLog } from '../../infra/log.ts';
import type { ServerUrls } from '../../infra/servers/index.ts';
import { openDelivery } from '../../workers/delivery.ts';
import { benchLists } from './bench-lists.ts';
import { ownUsage } from './usage.ts';

export interface PartTask {
  readonly role: 'publish' | 'deliver' | 'pictures';
  readonly home: string;
  readonly namespace: string;
  readonly servers: ServerUrls;
  readonly week: string;
  readonly numLists: number;
  /** Added to the time of day. */
  readonly shiftMs: number;
  readonly batchSize: number;
  readonly prefetch: number;
  readonly pictureUrl?: string | undefined;
}

const log = createLog('warn');

async function main(task: PartTask): Promise<void> {
  if (task.role === 'pictures') return servePictures();
  const { home, namespace, servers, week, numLists, shiftMs, batchSize, prefetch } = task;
  const config = readConfig({ home }, {});
  const lists = task.role === 'publish' ? benchLists(week, numLists) : undefined;
  const delivery = await openDelivery({
    config: {
      ...config,
      namespace,
      ...(task.pictureUrl === undefined ? {} : { pictureUrl: task.pictureUrl }),
    },
    servers,
    archive: { find: () => Promise.resolve(lists), weeks: () => Promise.resolve([week]) },
    clock: () => Date.now() + shiftMs,
    log,
    batchSize,
    prefetch,
  });
  if (lists === undefined) {
    await delivery.startDelivering();
    tell({ ready: true });
    await once(process, 'SIGTERM');
    await delivery.dispose();
    tell(ownUsage());
    return;
  }
  delivery.startPublishing();
  const before = ownUsage().cpuSeconds;
  const started = performance.now();
  const placed = await delivery.place(lists);
  for (const { id } of placed) {
    while ((await delivery.orders.find(id))?.publishedAt === undefined) await pause(10);
  }
  const seconds = (performance.now() - started) / 1000;
  await delivery.dispose();
  const { cpuSeconds, peakMb } = ownUsage();
  tell({ seconds, cpuSeconds: cpuSeconds - before, peakMb });
}

async function servePictures(): Promise<void> {
  const server = createServer((request, response) => {
    const index = Number(request.url!.slice(-8));
    if (index % 10 >= 3) return void response.writeHead(404, { 'content-length': 0 }).end();
    const etag = `"${index % 100}"`;
    if (request.headers['if-none-match'] === etag) {
      return void response.writeHead(304, { etag }).end();
    }
    const bytes = benchPicture(index);
    response.writeHead(200, { etag, 'content-type': 'image/png', 'content-length': bytes.length });
    response.end(bytes);
  }).listen(0, '127.0.0.1');
  server.keepAliveTimeout = 60_000;
  await once(server, 'listening');
  tell({ port: (server.address() as AddressInfo).port });
  await once(process, 'SIGTERM');
  tell(ownUsage());
  process.exit(0);
}

/** One of a hundred; nobody looks at it. */
export function benchPicture(index: number): Buffer {
  return Buffer.from(`\x89PNG\r\n\x1a\n${index % 100}`, 'latin1');
}

function tell(what: object): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

if (process.argv[1] === import.meta.filename) {
  await main(JSON.parse(process.argv[2]!) as PartTask);
}
