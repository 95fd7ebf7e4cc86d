/**
 * How fast the API answers, with the server and its load on one machine:
 *
 *     npm run bench:api [-- --lists 1000000] [--rate 2000] [--seconds 10] [--json]
 *
 * So many lists are stored, and what their 100,000 tracks are called; then listeners, each with a
 * token of their own, ask for their current list: cached in Redis, not modified since, and, each
 * for the first time, uncached. Requests arrive evenly at the rate, whether or not those before are
 * answered, and their time counts from when they were due, after three seconds of the same that do
 * not count. The most there can be is measured with 32 connections that ask without pause.
 *
 * The stand-in for MongoDB keeps some 3 KB of its heap for a list: a million want 4 GB of it.
 */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import getPort from 'get-port';
import { readConfig } from '../../infra/config.ts';
import { createLog } from '../../infra/log.ts';
import { openMongo } from '../../infra/mongo.ts';
import { openNames } from '../../infra/mongo/names.ts';
import { openPlaylists } from '../../infra/mongo/playlists.ts';
import { openRedis, removeKeys } from '../../infra/redis.ts';
import { ensureServers, stopServers } from '../../infra/servers/index.ts';
import { mondayStart } from '../../model/week.ts';
import { documentId } from '../../pipelines/delivery/deliver.ts';
import { storeNames } from '../../pipelines/delivery/names.ts';
import type { PlaylistDocument } from '../../pipelines/lists.ts';
import { openDelivery } from '../../workers/delivery.ts';
import type { ApiTask, Load } from './api-part.ts';
import { benchLists, benchZone } from './bench-lists.ts';
import { startPart, type Part } from './parts.ts';
import { processUsage, serverUsage, type Usage } from './usage.ts';

const week = '2030-W20';
const hotUsers = 5000;
const warmSeconds = 3;
/** As infra/setup.mjs starts it. */
const apiFlags = ['--max-semi-space-size=64'];
const log = createLog('error');

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      lists: { type: 'string', default: '1000000' },
      rate: { type: 'string', default: '2000' },
      seconds: { type: 'string', default: '10' },
      home: { type: 'string', default: join('.mondaymix', 'bench') },
      json: { type: 'boolean', default: false },
    },
  });
  const numLists = Number(values.lists);
  const rate = Number(values.rate);
  const seconds = Number(values.seconds);
  const home = resolve(values.home);
  const namespace = `bench-${randomUUID().slice(0, 8)}`;
  await mkdir(home, { recursive: true });
  const servers = await ensureServers(readConfig({ home }, {}), log);
  const mongo = await openMongo({ url: servers.mongodbUrl, database: namespace });
  const redis = await openRedis(servers.redisUrl);
  const parts: Part[] = [];
  const results: Record<string, unknown> = {};
  try {
    const lists = benchLists(week, numLists);
    const stored = await openPlaylists(mongo.db);
    const storing = performance.now();
    await storeNames(lists, { names: openNames(mongo.db) });
    for (let from = 0; from < numLists; from += 4000) {
      const chunk = Math.min(4000, numLists - from);
      const documents = Array.from({ length: chunk }, (_, n) => documentOf(lists, from + n));
      await Promise.all(
        [0, 1, 2, 3].map((part) => stored.upsert(documents.slice(part * 1000, (part + 1) * 1000))),
      );
      if (from % 100_000 === 0) process.stderr.write(`${from} of ${numLists} lists stored\n`);
    }
    results['lists'] = numLists;
    results['storedSeconds'] = (performance.now() - storing) / 1000;

    // A Wednesday.
    const shiftMs = mondayStart(week, 'Europe/Berlin') + 2.5 * 86_400_000 - Date.now();
    const port = await getPort({ host: '127.0.0.1' });
    const task = {
      home,
      namespace,
      servers,
      port,
      shiftMs,
      rate,
      seconds,
      warmSeconds,
      connections: 32,
    };
    const serving = { ...task, role: 'serve' };
    const server = await startPart('api-part.ts', serving, apiFlags);
    parts.push(server);
    const perRun = Math.round(rate * (seconds + warmSeconds));
    const runs: [ApiTask['how'], first: number, count: number][] = [
      ['cached', 0, Math.min(hotUsers, numLists)],
      ['not modified', 0, Math.min(hotUsers, numLists)],
      ['uncached', hotUsers, numLists - hotUsers],
    ];
    for (const [how, firstUser, available] of runs) {
      // The most there can be needs users of its own where none is to be cached.
      const numUsers = how === 'uncached' ? Math.min(available, 3 * perRun) : available;
      const before = usageOf(home, server);
      const asking = { ...task, role: 'load', how, firstUser, numUsers } as const;
      const load = await startPart('api-part.ts', asking);
      const after = usageOf(home, server);
      const answered = load.first as Load;
      const numAnswers = Object.values(answered.statuses).reduce((sum, count) => sum + count, 0);
      const cpuMsPerAnswer = Object.fromEntries(
        Object.entries(after).map(([name, { cpuSeconds }]) => [
          name,
          (1000 * (cpuSeconds - before[name]!.cpuSeconds)) / numAnswers,
        ]),
      );
      results[how] = { ...answered, cpuMsPerAnswer };
      if (!values.json) process.stdout.write(`${lineOf(how, answered, cpuMsPerAnswer)}\n`);
    }
    const usage: Usage = await server.end();
    results['api'] = usage;
    const peaks = Object.entries(serverUsage(home));
    if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);
    else {
      process.stdout.write(
        `API: ${usage.cpuSeconds.toFixed(1)} CPU s in all, peak ${usage.peakMb.toFixed(0)} MB; servers' peak MB: ${peaks.map(([name, { peakMb }]) => `${name} ${peakMb.toFixed(0)}`).join(', ')}\n`,
      );
    }
  } finally {
    for (const part of parts) part.kill();
    await removeKeys(redis.client, namespace);
    const archive = { find: () => Promise.resolve(undefined), weeks: () => Promise.resolve([]) };
    const config = { ...readConfig({ home }, {}), namespace };
    const delivery = await openDelivery({ config, servers, archive, log, clock: () => Date.now() });
    await delivery.remove();
    await delivery.dispose();
    await redis.dispose();
    await mongo.dispose();
    await stopServers(home);
  }
}

function documentOf(lists: ReturnType<typeof benchLists>, index: number): PlaylistDocument {
  const zone = benchZone(index);
  const list = lists.list(index, zone);
  return {
    ...list,
    _id: documentId(list.user, week),
    v: 2,
    week,
    zone,
    validFrom: new Date(mondays.get(zone) ?? remember(zone)),
    model: lists.model,
    revision: 1,
    order: `${week}:${zone}:1`,
    storedAt: new Date(0),
  };
}

const mondays = new Map<string, number>();

function remember(zone: string): number {
  const monday = mondayStart(week, zone);
  mondays.set(zone, monday);
  return monday;
}

/** Of the servers, and of the API as `api`. */
function usageOf(home: string, api: Part): Record<string, Usage> {
  return { api: processUsage(api.pid)!, ...serverUsage(home) };
}

function lineOf(how: string, load: Load, cpuMsPerAnswer: Record<string, number>): string {
  const { requests, p50Ms, p99Ms, maxMs, perSecond, statuses } = load;
  const cpu = Object.entries(cpuMsPerAnswer).map(([name, ms]) => `${name} ${ms.toFixed(3)}`);
  return `${how.padEnd(13)}${requests} requests: p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, max ${maxMs.toFixed(0)} ms; at most ${perSecond.toFixed(0)} a second; answers ${JSON.stringify(statuses)}; CPU ms an answer: ${cpu.join(', ')}`;
}

await main();
