import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, expect, test } from '@jest/globals';
import { openArtifacts } from '../../infra/artifacts.ts';
import type { Config } from '../../infra/config.ts';
import { openErasureBook } from '../../infra/erasure/record.ts';
import { openListArchive } from '../../infra/list-archive.ts';
import { createRandom } from '../../model/random.ts';
import {
  eraseListener,
  finishErasures,
  searchListener,
  type Erasing,
} from '../../workers/erase.ts';
import { deliverHome, gone, removeNamespace } from '../support/delivered-home.ts';
import { everything, placesOf } from '../support/everything.ts';
import { brokenFiles, ofOthers } from '../support/of-others.ts';
import { sharedServers, silentLog } from '../support/servers.ts';
import { temporaryFolder } from '../support/sources.ts';

const project = resolve(import.meta.dirname, '..', '..');
const patient = 600_000;

/** `ERASURE_SEEDS=100 npm test -- test/integration/erasure-killed.test.ts` tries more of them. */
const numSeeds = Number(process.env['ERASURE_SEEDS'] ?? 4);
const killsOfSeed = 3;

/** Somebody whose id begins as hers: not to be taken for her. */
const another = 'ursula-111';

async function inDeliveredHome(work: (config: Config, erasing: Erasing) => Promise<void>) {
  const root = temporaryFolder();
  const config = await deliverHome(root.path, `t${randomUUID().slice(0, 8)}`);
  try {
    await work(config, {
      ...{ config, servers: await sharedServers(), log: silentLog, clock: () => Date.now() },
      archive: openListArchive(config.home, openArtifacts(join(config.home, 'artifacts'))),
      signal: new AbortController().signal,
    });
  } finally {
    await removeNamespace(config);
    root.remove();
  }
}

function childArgs({ home, namespace }: Config): string[] {
  const script = join(project, 'test/support/erase-child.ts');
  return ['--no-warnings', '--import', 'tsx', script, home, namespace, gone];
}

/** Runs the erasure in a process of its own, which may kill itself. */
function erase(config: Config, env: Record<string, string> = {}) {
  return new Promise<{ killed: boolean; operations: number; problems: string }>((settle) => {
    execFile(
      process.execPath,
      childArgs(config),
      { cwd: project, env: { ...process.env, ...env } },
      (error, output, problems) =>
        settle({
          killed: error?.signal === 'SIGKILL',
          operations: Number(/operations (\d+)/.exec(output)?.[1] ?? 0),
          problems: error === null || error.signal === 'SIGKILL' ? '' : problems,
        }),
    );
  });
}

test.each([1, 7, 12])(
  'an erasure that is killed after step %i is finished by the next call',
  (steps) =>
    inDeliveredHome(async (config, erasing) => {
      const child = spawn(process.execPath, childArgs(config), {
        cwd: project,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let seen = 0;
      createInterface({ input: child.stdout }).on('line', () => {
        if (++seen === steps) child.kill('SIGKILL');
      });
      await once(child, 'close');
      expect(seen).toBeGreaterThanOrEqual(steps);
      const report = await eraseListener(erasing, gone);
      expect(report.found).toEqual([]);
      expect(report.finishedAt).not.toBeNull();
      expect(await searchListener(erasing, gone)).toEqual([]);
    }),
  patient,
);

let operationsOfAll: number;
beforeAll(
  () =>
    inDeliveredHome(async (config) => {
      const { operations, problems } = await erase(config);
      expect(problems).toBe('');
      operationsOfAll = operations;
      expect(operationsOfAll).toBeGreaterThan(100);
    }),
  patient,
);

test.each(Array.from({ length: numSeeds }, (_, seed) => seed))(
  'killed in the midst of its steps, again and again, it is finished by the next start, and nothing of others is lost (seed %i)',
  (seed) =>
    inDeliveredHome(async (config, erasing) => {
      const random = createRandom(`kill the erasure ${seed}`);
      // Where the others stand besides the home: in lists, the ledger, waiting batches, dead letters.
      const onServers = async () =>
        (await placesOf(['bob-22'], everything(config))).filter((place) =>
          /^(RabbitMQ|MongoDB|Redis):/.test(place),
        );
      const before = { ...(await ofOthers(config)), places: await onServers() };
      expect(before.places).toEqual(
        expect.arrayContaining([
          'MongoDB: playlists',
          'RabbitMQ: .deliver',
          'RabbitMQ: .deliver.dead',
        ]),
      );
      let kills = 0;
      for (let n = 0; n < killsOfSeed; n++) {
        const { killed, problems } = await erase(config, {
          KILL_AT: String(1 + random.int(Math.floor(0.9 * operationsOfAll))),
          KILL_AFTER_MS: String(random.int(2) * random.int(40)),
        });
        expect(problems).toBe('');
        if (killed) kills++;
      }
      expect(kills).toBeGreaterThan(0);
      // As the scheduler and the API do when they start.
      await finishErasures(erasing);
      const book = openErasureBook(config.home);
      // Killed each time before it was recorded, it was not promised to anybody.
      if ((await book.find(gone)) === undefined) await eraseListener(erasing, gone);
      expect(await book.find(gone)).toMatchObject({ finishedAt: expect.any(String) as unknown });
      expect(await searchListener(erasing, gone)).toEqual([]);
      const places: string[] = [];
      for await (const { place, bytes } of everything(config)) {
        const text = bytes.toString('latin1').replaceAll(another, '');
        if (text.includes(gone) && !place.startsWith('Redis commands')) places.push(place);
      }
      expect(places).toEqual([]);
      expect({ ...(await ofOthers(config)), places: await onServers() }).toEqual(before);
      expect(await brokenFiles(config.home)).toEqual([]);
    }),
  patient,
);
