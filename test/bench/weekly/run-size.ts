/**
 * One size of `bench:weekly`, in a process of its own so that memory is that of this size alone:
 * makes the lists of a world that is there, delivers them, measures and checks. Prints a
 * `SizeReport` as JSON.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig } from '../../../infra/config.ts';
import { openDuckdb } from '../../../infra/duckdb.ts';
import { frozenLists } from '../../../infra/list-archive.ts';
import { loadKernels } from '../../../infra/kernels.ts';
import { openListMakers } from '../../../infra/list-makers.ts';
import { logForPeople } from '../../../infra/log.ts';
import { ensureServers } from '../../../infra/servers/index.ts';
import { loadTensorflow } from '../../../infra/tensorflow.ts';
import { openThreads } from '../../../infra/threads.ts';
import { mondayStart } from '../../../model/week.ts';
import { listsStage } from '../../../pipelines/make-lists.ts';
import { Runner, type StoredArtifact } from '../../../pipelines/runner.ts';
import { step } from '../../../pipelines/step.ts';
import { startDelivery } from '../../../workers/delivery.ts';
import { openHome } from '../../../workers/home.ts';
import { rankerOf } from '../world/ranker.ts';
import { makeWorld, worldCutoff, worldOptions, worldWeek } from '../world/world.ts';
import { checkDelivered } from './checks.ts';
import { Processes, since } from './processes.ts';
import { progressOf } from './progress.ts';
import { bytesInQueue } from './queue-bytes.ts';
import { rememberPictures } from './pictures.ts';
import { recallOf } from './recall.ts';
import { perThousand, peaksOf, type SizeReport } from './report.ts';

/** What the parent hands over as JSON. */
export interface SizeRequest {
  readonly home: string;
  readonly world: unknown;
  readonly rankerWorld: unknown;
}

const hourMs = 3_600_000;

async function runSize(request: SizeRequest): Promise<SizeReport> {
  const worlds = join(request.home, 'worlds');
  const world = await makeWorld(worldOptions.parse(request.world), worlds);
  const rankerWorld = await makeWorld(worldOptions.parse(request.rankerWorld), worlds);
  const pictures = fork(join(import.meta.dirname, 'picture-server.ts'));
  const namespace = `bench-${process.pid}`;
  const config = {
    ...readConfig({ home: request.home }),
    namespace,
    pictureUrl: `http://127.0.0.1:${await portOf(pictures)}/{user}`,
  };
  const log = logForPeople(config.logLevel);
  const servers = await ensureServers(config, log);
  const home = openHome(config);
  const processes = new Processes(config.home, { 'source of pictures': pictures.pid! });
  const tellMaking = progressOf('lists', 'made');
  const runner = new Runner({
    artifacts: home.artifacts,
    openSql: () => home.openSql(),
    clock: () => Date.now(),
    memoryMb: () => process.memoryUsage.rss() / 2 ** 20,
    signal: new AbortController().signal,
    onProgress: (_label, done, total) => tellMaking(done, total),
  });
  const { users, tracks, previousWeeks } = world.options;
  const threads = openThreads();
  const ranker = await runner.make(rankerOf(rankerWorld, loadTensorflow));
  // As `weekGraph` does it, with the inputs that the world stands for.
  const goal = step(
    listsStage({ loadKernels, openListMakers, threads }),
    { week: worldWeek, cutoff: worldCutoff, previousWeeks },
    { ...world.inputs, gate: ranker },
  );
  await runner.discardFrom(goal, 'lists');

  processes.forgetPeaks();
  const begun = processes.usage();
  const making = performance.now();
  const lists = await runner.make(goal);
  const secondsMaking = (performance.now() - making) / 1000;
  const made = processes.usage();

  // The week lies ahead in every zone, and is delivered now.
  const shift = mondayStart(worldWeek, 'Pacific/Kiritimati') - 12 * hourMs - Date.now();
  const clock = () => Date.now() + shift;
  const delivery = await startDelivery({ config, servers, archive: home.archive, clock, log });
  try {
    const frozen = await frozenLists(lists);
    await rememberPictures(listedUsers(lists), {
      ...{ home: config.home, redisUrl: servers.redisUrl, namespace },
    });
    processes.forgetPeaks();
    const deliveringFrom = clock();
    const delivering = performance.now();
    const summary = await delivery.deliverWeek(frozen, {
      now: true,
      onProgress: progressOf('delivery', 'delivered'),
    });
    const secondsDelivering = (performance.now() - delivering) / 1000;
    const delivered = processes.usage();
    const orders = await delivery.orders.ofWeek(worldWeek);
    const publishedAt = Math.max(...orders.map((order) => order.publishedAt ?? deliveringFrom));
    const { figures } = lists.funnel;
    const figure = (key: string) => Number(figures[key] ?? NaN);
    const mongodb = { url: servers.mongodbUrl, database: namespace };
    const checks = await checkDelivered(delivery, mongodb, world, lists);
    const parts = Object.entries(figures).flatMap(([key, value]) =>
      key.startsWith('seconds/') ? [[key.slice('seconds/'.length), Number(value)] as const] : [],
    );
    return {
      users,
      tracks,
      lists: lists.funnel.rowsOut,
      delivered: summary.delivered,
      seconds: {
        making: secondsMaking,
        ...Object.fromEntries(parts),
        publishing: (publishedAt - deliveringFrom) / 1000,
        delivery: secondsDelivering,
        'end to end': secondsMaking + secondsDelivering,
      },
      cpuMsPerList: {
        making: perThousand(since(begun, made), lists.funnel.rowsOut),
        delivery: perThousand(since(made, delivered), lists.funnel.rowsOut),
      },
      peakMb: { making: peaksOf(made), delivery: peaksOf(delivered) },
      bytesPerList: {
        artifact: (await bytesOf(lists)) / lists.funnel.rowsOut,
        queue: await bytesInQueue(delivery, frozen, { url: servers.rabbitmqUrl, namespace }),
        mongodb: checks.bytesInMongodb,
      },
      candidates: { least: figure('candidatesLeast'), mean: figure('candidatesMean') },
      shares: Object.fromEntries(
        Object.entries(figures).flatMap(([key, value]) =>
          key.startsWith('share/') ? [[key.slice('share/'.length), Number(value)]] : [],
        ),
      ),
      recallAt200: { ...(await recallOf(world)) },
      checks,
    };
  } finally {
    await delivery.remove();
    await delivery.dispose();
    await home.artifacts.discard('lists', lists.fingerprint);
    await rm(join(config.home, 'pictures'), { recursive: true, force: true });
    pictures.disconnect();
  }
}

async function portOf(server: ChildProcess): Promise<number> {
  const [message] = (await once(server, 'message')) as [{ port: number }];
  return message.port;
}

/** Whoever has a list. */
async function* listedUsers({ folder }: StoredArtifact): AsyncIterable<string[]> {
  const sql = await openDuckdb({ threads: 1 });
  try {
    const rows = sql.stream<{ listener: string }>(
      `SELECT listener FROM read_parquet('${join(folder, 'listed.parquet')}') WHERE position = 1`,
    );
    for await (const chunk of rows) yield chunk.map(({ listener }) => listener);
  } finally {
    sql.dispose();
  }
}

async function bytesOf({ folder }: StoredArtifact): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

runSize(JSON.parse(process.argv[2]!) as SizeRequest).then(
  (report) => {
    process.stdout.write(`${JSON.stringify(report)}\n`);
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : ''}\n`);
    process.exitCode = 1;
  },
);
