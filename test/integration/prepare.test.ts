import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openArtifacts } from '../../infra/artifacts.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openEventLog } from '../../infra/event-log.ts';
import { openLake } from '../../infra/lake.ts';
import { weekBookFolder } from '../../infra/list-archive.ts';
import { openWeekBook } from '../../infra/week-book.ts';
import { mentionsHelp, mentionsOf } from '../../pipelines/article-days.ts';
import { catalogue } from '../../pipelines/catalogue.ts';
import type { LakeSnapshot } from '../../pipelines/lake.ts';
import { Runner, type StoredArtifact } from '../../pipelines/runner.ts';
import { catalogueOf } from '../../pipelines/spelling-parts.ts';
import { step, type Step } from '../../pipelines/step.ts';
import { lakeSource, weekOptions } from '../../pipelines/week-plan.ts';
import { articleRows } from '../support/articles-lake.ts';
import { ndjson } from '../support/intake.ts';
import { writeLog } from '../support/log-rows.ts';
import { mondaymix } from '../support/operator.ts';
import { sharedServers, silentLog } from '../support/servers.ts';
import { temporaryFolder } from '../support/sources.ts';

jest.setTimeout(600_000);

const projectFolder = join(import.meta.dirname, '../..');
const root = temporaryFolder();
const home = join(root.path, 'home');
const days = ['2026-01-06', '2026-01-07', '2026-01-08', '2026-01-09'];
let before: LakeSnapshot;

const listen = (day: string, artist: string, title: string) => ({
  ...{ listened_at: `${day} 12:00:00`, listener: 'ann', artist, title },
});
const article = (id: string, day: string, body: string) => ({
  ...{ id, body, published: `${day} 10:00:00` },
});

/** A week is made of a first day; four more come after it. */
beforeAll(async () => {
  await writeLog(home, 1, {
    listens: [listen('2026-01-05', 'Quenelith', 'Harbour Glass')],
    articles: articleRows([article('first', '2026-01-05', 'Quenelith and Mellowgaze played.')]),
  });
  before = await openLake(home).snapshot();
  await openWeekBook(weekBookFolder(home, 'main')).write({
    ...{ format: 1, week: '2026-W02', revision: 1, frozenAt: '2026-01-05T00:00:00.000Z' },
    ...{ cutoff: '2026-01-05T00:00:00.000Z', trainingCutoffs: [], catalogue: 'all', previous: [] },
    options: weekOptions.parse({}),
    lake: { id: before.id, tables: structuredClone(before.tables) as never },
  });
  await make(mentionsOf(before));
  await writeLog(home, 2, {
    listens: days.map((day) => listen(day, 'Mellowgaze', `Dew of ${day}`)),
    articles: articleRows(
      days.map((day) => article(day, day, `Quenelith released "Harbour Glass". It was ${day}.`)),
    ),
  });
});
afterAll(() => root.remove());

async function make(goal: Step, artifacts = 'artifacts'): Promise<StoredArtifact> {
  return new Runner({
    artifacts: openArtifacts(join(home, artifacts)),
    openSql: () => openDuckdb({ threads: 1 }),
    clock: () => 0,
    memoryMb: () => 0,
    signal: new AbortController().signal,
  }).make(goal);
}

const made = (stage: string) => readdirSync(join(home, 'artifacts', stage)).length;

function bytesOf({ folder }: StoredArtifact): [string, string][] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.parquet'));
  return files.sort().map((file) => [file, readFileSync(join(folder, file), 'base64')]);
}

/** What Monday makes, with what was prepared and without. */
async function expectSameBytes(documentsLinked: number): Promise<void> {
  const lake = await openLake(home).snapshot();
  const sql = await openDuckdb({ threads: 1 });
  const help = await mentionsHelp(sql, before, lake);
  sql.dispose();
  const monday = await make(mentionsOf(lake, help));
  expect(monday.funnel.figures['documentsLinked']).toBe(documentsLinked);
  const alone = `alone-${randomUUID()}`;
  expect(bytesOf(monday)).toEqual(bytesOf(await make(mentionsOf(lake), alone)));
  const whole = step(catalogue, {}, { lake: lakeSource(lake) });
  expect(bytesOf(await make(catalogueOf(lake)))).toEqual(bytesOf(await make(whole, alone)));
}

test('killed in the middle, prepare goes on with what is missing, and Monday has the same bytes', async () => {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'workers/cli.ts', 'prepare', '--home', home],
    { cwd: projectFolder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
    // Two parts are whole, the next one is begun.
    if (errors.split('\n').length > 2) child.kill('SIGKILL');
  });
  await once(child, 'close');
  expect(child.signalCode).toBe('SIGKILL');
  const [spellings, mentions] = [made('spellings'), made('mentions')];
  // The week before has one of each; of the four days since each is to have both.
  const missing = 10 - spellings - mentions;
  expect(missing).toBeGreaterThan(0);
  expect(missing).toBeLessThan(8);

  const { code, output } = await mondaymix(['prepare', '--home', home, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(output)).toMatchObject({ parts: 9, made: missing });
  const again = await mondaymix(['prepare', '--home', home, '--json']);
  expect(JSON.parse(again.output)).toMatchObject({ parts: 9, made: 0 });
  // The catalogue of now knows Mellowgaze, whom the first article names.
  await expectSameBytes(1);
});

test('a running ingest has what came prepared by itself, and takes in what comes meanwhile', async () => {
  const { rabbitmqUrl } = await sharedServers();
  const namespace = `t${randomUUID().slice(0, 8)}`;
  const events = openEventLog({ namespace }, { rabbitmqUrl }, silentLog, { patienceMs: 60_000 });
  const append = (table: 'articles' | 'listens', row: object) =>
    events.append({ table, rows: 1, body: ndjson([row]) });
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'workers/cli.ts', '--home', home, 'ingest'],
    {
      cwd: projectFolder,
      env: {
        ...process.env,
        ...{ RABBITMQ_URL: rabbitmqUrl, MONDAYMIX_NAMESPACE: namespace, KAFKA_BROKERS: '' },
        ...{ PREPARE_EVERY_MINUTES: '0.01', LOG_LEVEL: 'info' },
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  }
  const until = async (isSo: () => boolean) => {
    while (!isSo()) {
      if (child.exitCode !== null) throw new Error(said);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const before = { spellings: made('spellings'), mentions: made('mentions') };
  const [row] = articleRows([article('new', '2026-01-10', 'Quenelith toured.')]);
  await append('articles', { ...row, source: undefined });
  await append('listens', listen('2026-01-10', 'Quenelith', 'Harbour Glass'));
  await until(() => made('spellings') > before.spellings && made('mentions') > before.mentions);
  const closed = once(child, 'close') as Promise<[number | null]>;
  child.kill('SIGTERM');
  expect((await closed)[0]).toBe(0);
  await events.dispose();
  await expectSameBytes(1);
});
