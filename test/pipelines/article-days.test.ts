import { appendFileSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openArtifacts } from '../../infra/artifacts.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openLake } from '../../infra/lake.ts';
import { mentionsHelp, mentionsOf, newDays } from '../../pipelines/article-days.ts';
import { compact } from '../../pipelines/intake/compact.ts';
import type { LakeSnapshot } from '../../pipelines/lake.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { Runner, type StoredArtifact } from '../../pipelines/runner.ts';
import { fingerprintOf, type Step } from '../../pipelines/step.ts';
import { articleRows } from '../support/articles-lake.ts';
import { writeLog } from '../support/log-rows.ts';
import { temporaryFolder } from '../support/sources.ts';

const home = temporaryFolder();
let sql: Sql;
let before: LakeSnapshot;
let offset = 0;

const recording = (artist: string, title: string) => ({
  ...{ recording_id: title, title, artists: [artist], genres: [], known_from: '2025-01-01' },
});

async function write(articles: Readonly<Record<string, readonly [day: string, body: string]>>) {
  await writeLog(home.path, ++offset, {
    articles: articleRows(
      Object.entries(articles).map(([id, [day, body]]) => ({
        ...{ id, body, published: `2026-01-01 00:00:00`, fetched: `${day} 10:00:00` },
      })),
    ),
  });
}

const snapshot = () => openLake(home.path).snapshot();

/** Makes a step; gives it with the stages of articles that were not there yet. */
async function make(goal: Step, artifacts = 'artifacts') {
  const runner = new Runner({
    artifacts: openArtifacts(join(home.path, artifacts)),
    openSql: () => openDuckdb({ threads: 1 }),
    clock: () => 0,
    memoryMb: () => 0,
    signal: new AbortController().signal,
  });
  const made = await runner.make(goal);
  const fresh = runner.funnels.filter(({ funnel }) => !funnel.reused).map(({ label }) => label);
  return { made, fresh: fresh.filter((label) => label.startsWith('mentions')) };
}

/** The days that came since, after what is missing is made; gives those that were made. */
async function prepareDays(): Promise<string[]> {
  const fresh: string[] = [];
  for (const part of (await newDays(sql, before, await snapshot())).values()) {
    fresh.push(...(await make(part)).fresh);
  }
  return fresh;
}

function bytesOf({ folder }: StoredArtifact): [string, string][] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.parquet'));
  return files.sort().map((file) => [file, readFileSync(join(folder, file), 'base64')]);
}

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
  await writeLog(home.path, ++offset, {
    recordings: [recording('Quenelith', 'Harbour Glass'), recording('Varokelm', 'Night Ferry')],
  });
  await write({
    one: ['2026-01-05', 'Quenelith released "Harbour Glass".'],
    two: ['2026-01-05', 'The duo Mellowgaze announced a tour.'],
  });
  before = await snapshot();
  await make(mentionsOf(before));
});
afterAll(() => {
  sql.dispose();
  home.remove();
});

test('a day of articles is linked once, and again when something late has changed it', async () => {
  expect(await prepareDays()).toEqual([]);
  await write({
    three: ['2026-01-06', 'Varokelm played "Night Ferry".'],
    four: ['2026-01-07', 'Varokelm announced an album.'],
  });
  expect(await prepareDays()).toEqual(['mentions 2026-01-06', 'mentions 2026-01-07']);
  expect(await prepareDays()).toEqual([]);
  await write({ late: ['2026-01-06', 'Quenelith toured with Varokelm.'] });
  expect(await prepareDays()).toEqual(['mentions 2026-01-06']);
  await write({ early: ['2026-01-05', 'Quenelith was on the road.'] });
  expect(await prepareDays()).toEqual(['mentions 2026-01-05']);
});

test('merging the files of the lake changes no day', async () => {
  const days = async () =>
    [...(await newDays(sql, before, await snapshot()))].map(([day, part]) => [
      ...[day, fingerprintOf(part)],
    ]);
  const separate = await days();
  await openLake(home.path).update(async (update) => {
    const files = update.held().filter(({ table, counts }) => table === 'articles' && counts);
    expect(files.length).toBeGreaterThan(3);
    await compact(sql, update, { table: 'articles', day: undefined, files });
  });
  expect((await snapshot()).tables.articles).toHaveLength(1);
  expect(await days()).toEqual(separate);
});

test('the next week links what no day has, and what its catalogue changes: the bytes are those of a new start', async () => {
  await write({ five: ['2026-01-08', 'Varokelm and Mellowgaze played. The tour was great.'] });
  // The catalogue comes to know whom an article of before and that of now name.
  await writeLog(home.path, ++offset, { recordings: [recording('Mellowgaze', 'Dew')] });
  const now = await snapshot();
  const help = await mentionsHelp(sql, before, now);
  const { made } = await make(mentionsOf(now, help));
  expect(made.funnel.figures).toMatchObject({ documentsLinked: 2, documentsKept: 5 });
  const alone = await make(mentionsOf(now), 'others');
  expect(alone.made.funnel.figures).toMatchObject({ documentsLinked: 7, documentsKept: 0 });
  expect(alone.made.fingerprint).toBe(made.fingerprint);
  expect(bytesOf(made)).toEqual(bytesOf(alone.made));
});

test('help that is damaged is none, nor is any whose catalogue is gone', async () => {
  const now = await snapshot();
  const help = await mentionsHelp(sql, before, now);
  const folder = (stage: string, of: Step) =>
    join(home.path, 'artifacts', stage, fingerprintOf(of));
  const again = async () => {
    rmSync(folder('mentions', mentionsOf(now)), { recursive: true });
    return (await make(mentionsOf(now, help))).made;
  };
  for (const part of help.slice(1))
    rmSync(folder('mentions', part), { recursive: true, force: true });
  expect((await again()).funnel.figures['documentsKept']).toBe(1);
  appendFileSync(join(folder('mentions', help[0]!), 'readings.parquet'), 'x');
  const damaged = await again();
  expect(damaged.funnel.figures['documentsKept']).toBe(0);
  await make(help.at(-2)!);
  expect((await again()).funnel.figures['documentsKept']).toBeGreaterThan(0);
  rmSync(folder('catalogue', help[0]!.inputs['catalogue'] as Step), { recursive: true });
  const orphaned = await again();
  expect(orphaned.funnel.figures['documentsKept']).toBe(0);
  expect(bytesOf(orphaned)).toEqual(bytesOf(damaged));
});
