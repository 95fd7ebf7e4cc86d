import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openEventLog } from '../../infra/event-log.ts';
import { openLake } from '../../infra/lake.ts';
import { createRandom } from '../../model/random.ts';
import { quoted } from '../../pipelines/sql.ts';
import { askLake, listen, ndjson } from '../support/intake.ts';
import { ownBroker, type OwnBroker } from '../support/own-servers.ts';
import { silentLog } from '../support/servers.ts';
import type { Task } from '../support/sink-child.ts';
import { lakeFiles, temporaryFolder } from '../support/sources.ts';

/** `SINK_SEEDS=100 npm test -- test/integration/sink-killed.test.ts` tries more of them. */
const numSeeds = Number(process.env['SINK_SEEDS'] ?? 3);
const roundsOfSeed = 5;

const projectFolder = join(import.meta.dirname, '../..');
let root: ReturnType<typeof temporaryFolder>;
let broker: OwnBroker;
beforeAll(async () => {
  broker = await ownBroker('rabbitmq', 'sink-killed');
}, 600_000);
afterAll(() => broker.stop(), 600_000);
beforeEach(() => {
  root = temporaryFolder();
});
afterEach(() => root.remove());

interface ChildEnd {
  readonly killed: boolean;
  readonly output: string;
  readonly problems: string;
}

function runChild(task: Task): Promise<ChildEnd> {
  const script = join(projectFolder, 'test/support/sink-child.ts');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--no-warnings', '--import', 'tsx', script, JSON.stringify(task)],
      { cwd: projectFolder },
      (error, output, problems) =>
        resolve({ killed: error?.signal === 'SIGKILL', output, problems }),
    );
  });
}

test.each(Array.from({ length: numSeeds }, (_, seed) => seed))(
  'of all that was confirmed nothing is lost and nothing doubled, whatever is killed (seed %i)',
  async (seed) => {
    const random = createRandom(`kill the sink ${seed}`);
    const namespace = `t${randomUUID().slice(0, 8)}`;
    const events = openEventLog({ namespace }, broker, silentLog, { patienceMs: 480_000 });
    const task = { home: root.path, namespace, rabbitmqUrl: broker.rabbitmqUrl, cutBytes: 3000 };
    let numListens = 0;
    let numBroken = 0;

    /** Entries of new listens, of three days and out of order; some of old ones, some broken. */
    const appendSome = async () => {
      const appends: Promise<void>[] = [];
      for (let e = 3 + random.int(6); e > 0; e--) {
        const rows = Array.from({ length: 1 + random.int(12) }, () => {
          const isRepeated = numListens > 0 && random.int(8) === 0;
          return listenOf(isRepeated ? random.int(numListens) : numListens++);
        });
        const broken = random.int(5) === 0 ? `broken ${numBroken++}\n` : '';
        const body = Buffer.concat([ndjson(rows), Buffer.from(broken)]);
        const count = rows.length + (broken === '' ? 0 : 1);
        appends.push(events.append({ table: 'listens', rows: count, body }));
      }
      await Promise.all(appends);
    };

    let kills = 0;
    for (let round = 0; round < roundsOfSeed; round++) {
      const appended = appendSome();
      // In the third round the broker dies as well, while entries and the sink are on their way.
      if (round !== 2) await appended;
      const sinking = runChild({ ...task, killAt: 1 + random.int(60) });
      if (round === 2) {
        await broker.kill();
        await broker.restart();
        await appended;
      }
      if ((await sinking).killed) kills++;
    }
    await events.dispose();
    const { output, problems } = await runChild({ ...task, killAt: 0 });
    expect(problems).toBe('');
    expect(JSON.parse(output)).toMatchObject({ batches: expect.any(Number) });
    expect(kills).toBeGreaterThan(0);

    const found = await askLake<{ title: string }>(
      root.path,
      'listens',
      (t) => `SELECT title FROM ${t}`,
    );
    const titles = found.map(({ title }) => title);
    expect(titles.length).toBe(new Set(titles).size);
    expect(titles.sort()).toEqual(
      Array.from({ length: numListens }, (_, n) => `Title ${n}`).sort(),
    );
    const rejects = join(root.path, 'lake', 'rejects');
    const files = numBroken === 0 ? [] : await readdir(rejects);
    const kept = (await Promise.all(files.map((file) => readFile(join(rejects, file), 'utf8'))))
      .flatMap((text) => text.trim().split('\n'))
      .map((line) => (JSON.parse(line) as { raw: string }).raw);
    // An entry that was sent twice brings its broken line twice: that is not a listen.
    expect(new Set(kept)).toEqual(
      new Set(Array.from({ length: numBroken }, (_, n) => `broken ${n}`)),
    );

    // Nothing is left of what was killed, and every listen is in the folder of its day.
    await openLake(root.path).update((update) => {
      const held = update.held().map(({ path }) => path);
      return lakeFiles(root.path).then((all) => {
        const data = [...all.keys()].filter((name) => /parquet$|ndjson$/.test(name));
        expect(data.map((name) => join(root.path, 'lake', name)).sort()).toEqual([...held].sort());
      });
    });
    const { listens } = (await openLake(root.path).snapshot()).tables;
    const sql = await openDuckdb({ threads: 1 });
    const misplaced = await sql.rows(
      `SELECT count(*) AS rows
       FROM read_parquet([${listens.map(quoted).join(', ')}], filename = true, hive_partitioning = false)
       WHERE position('day=' || strftime(listened_at, '%Y-%m-%d') IN filename) = 0`,
    );
    sql.dispose();
    expect(misplaced).toEqual([{ rows: 0 }]);
  },
  600_000,
);

/** The same number is the same listen; numbers spread over three days. */
function listenOf(n: number) {
  return listen(n, Date.parse('2026-11-18T00:00:00Z') + ((n * 7919) % 4320) * 60_000);
}
