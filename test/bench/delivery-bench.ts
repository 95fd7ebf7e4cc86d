/**
 * How fast lists that are made are stored, on the real servers:
 *
 *     npm run bench:delivery [-- --lists 200000] [--batch 200] [--workers 1] [--prefetch 4]
 *       [--no-pictures] [--json]
 *
 * One process publishes (calendar, confirms, persistent messages, quorum queue), as many as
 * `--workers` deliver (pictures, MongoDB, cache, ledger, covers asked for). 30 % of the listeners
 * have a picture, which a source of pictures in a process of its own confirms: known from the week
 * before, asked for again with `If-None-Match`; of the others it says that there is none.
 *
 * 1. names: what 100,000 tracks and 20,000 artists are called, stored
 * 2. publish: lists to the queue, nobody delivers
 * 3. deliver: from the queue to the ledger
 * 4. names again: those of another week, which are the same
 * 5. end to end: that week, all at once; from the lists to the ledger
 *
 * Seconds are of the clock, CPU seconds per 1,000 lists of each process: what a machine with other
 * work to do tells apart best.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { calculateObjectSize } from 'bson';
import { readConfig } from '../../infra/config.ts';
import { openNames } from '../../infra/mongo/names.ts';
import { createLog } from '../../infra/log.ts';
import { openMongo } from '../../infra/mongo.ts';
import { picturesFolder } from '../../infra/pictures/kept.ts';
import { redisPictureMemory } from '../../infra/pictures/memory.ts';
import { openRedis } from '../../infra/redis.ts';
import { batchBytes } from '../../infra/rabbit/message.ts';
import { ensureServers, stopServers } from '../../infra/servers/index.ts';
import { mondayStart } from '../../model/week.ts';
import { storeNames } from '../../pipelines/delivery/names.ts';
import { batchesOf } from '../../pipelines/delivery/publish.ts';
import { openDelivery, type Delivery } from '../../workers/delivery.ts';
import { benchLists, benchUser, benchZones } from './bench-lists.ts';
import { benchPicture, type PartTask } from './delivery-part.ts';
import { startPart, type Part } from './parts.ts';
import { serverUsage, type Usage } from './usage.ts';

const weeks = ['2030-W20', '2030-W21'] as const;
const log = createLog('error');

interface Step {
  readonly name: string;
  readonly listsPerSecond: number;
  readonly seconds: number;
  /** Of processes, per 1,000 lists. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      lists: { type: 'string', default: '200000' },
      batch: { type: 'string', default: '200' },
      workers: { type: 'string', default: '1' },
      prefetch: { type: 'string', default: '4' },
      pictures: { type: 'boolean', default: true },
      home: { type: 'string', default: join('.mondaymix', 'bench') },
      json: { type: 'boolean', default: false },
    },
    allowNegative: true,
  });
  const numLists = Number(values.lists);
  const numWorkers = Number(values.workers);
  const home = resolve(values.home);
  const namespace = `bench-${randomUUID().slice(0, 8)}`;
  await mkdir(home, { recursive: true });
  const servers = await ensureServers(readConfig({ home }, {}), log);
  const task = {
    home,
    namespace,
    servers,
    numLists,
    batchSize: Number(values.batch),
    prefetch: Number(values.prefetch),
  };
  // Three hours before the first of the zones' Mondays: due, and nobody is late.
  const shiftOf = (week: string) =>
    Math.min(...benchZones.map((zone) => mondayStart(week, zone))) - 3 * 3_600_000 - Date.now();
  const watching = await openDelivery({
    config: { ...readConfig({ home }, {}), namespace },
    servers,
    archive: { find: () => Promise.resolve(undefined), weeks: () => Promise.resolve([]) },
    clock: () => Date.now(),
    log,
  });
  const parts: Part[] = [];
  const part = async (more: Partial<PartTask> & Pick<PartTask, 'role' | 'week'>) => {
    const started = await startPart('delivery-part.ts', {
      ...task,
      shiftMs: shiftOf(more.week),
      ...more,
    });
    parts.push(started);
    return started;
  };
  const steps: Step[] = [];
  const peaks: Record<string, number> = {};
  try {
    await rememberPictures(numLists, task);
    const source = values.pictures ? await part({ role: 'pictures', week: weeks[0] }) : undefined;
    const pictureUrl =
      source && `http://127.0.0.1:${(source.first as { port: number }).port}/{user}`;
    const lists = benchLists(weeks[0], numLists);

    const named = await timed(home, () => nameAll(lists, task));
    steps.push(stepOf('names', named.seconds, named.result, named.servers));

    const publisher = await timed(home, async () => {
      const publishing = await part({ role: 'publish', week: weeks[0] });
      return publishing.first as Usage & { seconds: number };
    });
    const { seconds, ...used } = publisher.result;
    peaks['publish'] = used.peakMb;
    steps.push(stepOf('publish', seconds, numLists, publisher.servers, { publish: used }));

    const deliver = (week: string) =>
      Promise.all(
        Array.from({ length: numWorkers }, () => part({ role: 'deliver', week, pictureUrl })),
      );
    const workers = timed(home, async () => {
      const started = performance.now();
      const working = await deliver(weeks[0]);
      const readyAt = performance.now();
      await delivered(watching, weeks[0], numLists);
      const took = (performance.now() - readyAt) / 1000;
      return { working, took, startMs: readyAt - started };
    });
    const draining = await workers;
    const ended = await Promise.all(draining.result.working.map((worker) => worker.end()));
    peaks['deliver'] = Math.max(...ended.map(({ peakMb }) => peakMb));
    steps.push(
      stepOf('deliver', draining.result.took, numLists, draining.servers, { deliver: sum(ended) }),
    );

    const renamed = await timed(home, () => nameAll(benchLists(weeks[1], numLists), task));
    steps.push(stepOf('names again', renamed.seconds, renamed.result, renamed.servers));

    const working = await deliver(weeks[1]);
    const whole = await timed(home, async () => {
      const publishing = part({ role: 'publish', week: weeks[1] });
      await until(async () => (await watching.orders.ofWeek(weeks[1])).length > 0);
      const started = performance.now();
      await delivered(watching, weeks[1], numLists);
      const took = (performance.now() - started) / 1000;
      return { took, used: (await publishing).first as Usage };
    });
    const byWorkers = await Promise.all(working.map((worker) => worker.end()));
    peaks['deliver'] = Math.max(peaks['deliver'], ...byWorkers.map(({ peakMb }) => peakMb));
    steps.push(
      stepOf('end to end', whole.result.took, numLists, whole.servers, {
        publish: whole.result.used,
        deliver: sum(byWorkers),
      }),
    );
    const servedBy = source === undefined ? undefined : await source.end();
    const sample = await watching.playlists.collection.findOne({ week: weeks[1] });
    const result = {
      lists: numLists,
      batch: task.batchSize,
      workers: numWorkers,
      prefetch: task.prefetch,
      steps,
      bytesInQueue: await bytesInQueue(watching, lists),
      bytesStored: calculateObjectSize(sample!),
      peakMb: peaks,
      serverPeakMb: mapValues(serverUsage(home), ({ peakMb }) => peakMb),
      picturesCpuSeconds: servedBy && servedBy.cpuSeconds / ((2 * numLists) / 1000),
    };
    process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : table(result));
  } finally {
    for (const one of parts) one.kill();
    await watching.remove();
    await watching.dispose();
    await stopServers(home);
  }
}

/** As if the week before had found them. */
async function rememberPictures(
  numLists: number,
  { home, namespace, servers }: Pick<PartTask, 'home' | 'namespace' | 'servers'>,
): Promise<void> {
  const folder = picturesFolder(home);
  await mkdir(folder, { recursive: true });
  const redis = await openRedis(servers.redisUrl);
  const memory = redisPictureMemory(redis.client, namespace);
  const setting: Promise<void>[] = [];
  for (let n = 0; n < numLists; n++) {
    if (n % 10 >= 3) continue;
    const bytes = benchPicture(n);
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
    if (n < 100) await writeFile(join(folder, hash), bytes);
    setting.push(memory.set(benchUser(n), { hash, etag: `"${n % 100}"` }));
    if (setting.length % 1000 === 0) await Promise.all(setting.splice(0));
  }
  await Promise.all(setting);
  await redis.dispose();
}

async function nameAll(
  lists: ReturnType<typeof benchLists>,
  { namespace, servers }: Pick<PartTask, 'namespace' | 'servers'>,
): Promise<number> {
  const mongo = await openMongo({ url: servers.mongodbUrl, database: namespace });
  const count = await storeNames(lists, { names: openNames(mongo.db) });
  await mongo.dispose();
  return count;
}

async function delivered(watching: Delivery, week: string, numLists: number): Promise<void> {
  await until(async () => {
    const counts = [...(await watching.ledger.counts(week)).values()];
    const failed = counts.reduce((lists, count) => lists + count.failed, 0);
    if (failed > 0) throw new Error(`${failed} lists failed`);
    return counts.reduce((lists, count) => lists + count.delivered, 0) >= numLists;
  });
}

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await pause(250);
}

async function timed<Result>(home: string, run: () => Promise<Result>) {
  const before = serverUsage(home);
  const started = performance.now();
  const result = await run();
  const seconds = (performance.now() - started) / 1000;
  const after = serverUsage(home);
  const servers = mapValues(after, ({ cpuSeconds, peakMb }, name) => ({
    cpuSeconds: cpuSeconds - before[name]!.cpuSeconds,
    peakMb,
  }));
  return { result, seconds, servers };
}

function stepOf(
  name: string,
  seconds: number,
  count: number,
  servers: Record<string, Usage>,
  ours: Record<string, Usage> = {},
): Step {
  const cpuSeconds = mapValues(
    { ...ours, ...servers },
    (usage) => usage.cpuSeconds / (count / 1000),
  );
  return { name, seconds, listsPerSecond: count / seconds, cpuSeconds };
}

function sum(usages: readonly Usage[]): Usage {
  return {
    cpuSeconds: usages.reduce((total, usage) => total + usage.cpuSeconds, 0),
    peakMb: Math.max(...usages.map(({ peakMb }) => peakMb)),
  };
}

/** Of a list, its share of the header included. */
async function bytesInQueue(
  watching: Delivery,
  lists: ReturnType<typeof benchLists>,
): Promise<number> {
  const [order] = await watching.orders.ofWeek(lists.week);
  for await (const batch of batchesOf(order!, lists)) {
    return batchBytes(batch).length / batch.lists.length;
  }
  return 0;
}

function mapValues<Value, Result>(
  values: Readonly<Record<string, Value>>,
  of: (value: Value, name: string) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, of(value, name)]));
}

function table(result: {
  steps: readonly Step[];
  bytesInQueue: number;
  bytesStored: number;
  peakMb: Record<string, number>;
  serverPeakMb: Record<string, number>;
  picturesCpuSeconds: number | undefined;
}): string {
  const figures = (values: Readonly<Record<string, number>>, digits: number) =>
    Object.entries(values)
      .map(([name, value]) => `${name} ${value.toFixed(digits)}`)
      .join(', ');
  const lines = result.steps.map(
    ({ name, listsPerSecond, seconds, cpuSeconds }) =>
      `${name.padEnd(12)}${listsPerSecond.toFixed(0).padStart(8)} a second ${seconds.toFixed(1).padStart(7)} s   CPU s per 1,000: ${figures(cpuSeconds, 3)}`,
  );
  return `${[
    ...lines,
    `bytes of a list: ${result.bytesInQueue.toFixed(0)} in the queue, ${result.bytesStored} in MongoDB`,
    `peak MB: ${figures(result.peakMb, 0)}; servers: ${figures(result.serverPeakMb, 0)}`,
    `source of pictures: ${(result.picturesCpuSeconds ?? 0).toFixed(3)} CPU s per 1,000`,
  ].join('\n')}\n`;
}

await main();
