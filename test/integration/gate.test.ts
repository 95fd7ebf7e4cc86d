import { createHash, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readConfig, type Config } from '../../infra/config.ts';
import { importFolder } from '../../infra/import-folder.ts';
import { openLake } from '../../infra/lake.ts';
import { openFolderFiles } from '../../infra/models/folder-files.ts';
import { openFolderStore } from '../../infra/models/folder-store.ts';
import { openMongo } from '../../infra/mongo.ts';
import { decodeRanker, encodeRanker, rankerVersion } from '../../model/ranker/encode.ts';
import { rankerFile } from '../../pipelines/ranker.ts';
import { Registry } from '../../pipelines/registry.ts';
import { simulate } from '../../pipelines/simulate/simulate.ts';
import { mainLake, openHome } from '../../workers/home.ts';
import { makeWeek, type MadeWeek } from '../../workers/make-week.ts';
import { openRegistry, type OpenRegistry } from '../../workers/registry.ts';
import { recordOf } from '../support/model-records.ts';
import { mistakeOf, mondaymix } from '../support/operator.ts';
import { sharedServers } from '../support/servers.ts';
import { temporaryFolder } from '../support/sources.ts';

jest.setTimeout(600_000);

const home = temporaryFolder();
const config: Config = readConfig({ home: home.path }, {});
const clock = () => Date.UTC(2026, 0, 3, 6);
let models: OpenRegistry;
let first: MadeWeek;
let second: MadeWeek;

beforeAll(async () => {
  const { folder } = await simulate(
    { listeners: 200, tracks: 800, weeks: 8, seed: 3 },
    join(home.path, 'sources'),
  );
  await importFolder(folder, home.path);
  models = await openRegistry(config, clock, undefined);
});

afterAll(() => home.remove());

function make(week: string, recompute = false, registry = models): Promise<MadeWeek> {
  return makeWeek(
    {
      home: openHome(config),
      folder: home.path,
      lake: openLake(home.path),
      models: registry,
      lakeName: mainLake,
      clock,
      signal: new AbortController().signal,
      onFinish: () => undefined,
    },
    { week, asked: {}, recompute },
  );
}

const championOf = async () =>
  (await models.registry.models()).find(({ state }) => state === 'champion')?.version;

test('a run that is killed between the decision and its record is made good by the next', async () => {
  const store = openFolderStore(join(models.folder, 'registry'));
  const killed = {
    ...models,
    registry: new Registry(
      { ...store, addEvent: () => Promise.reject(new Error('killed')) },
      openFolderFiles(models.folder),
      clock,
    ),
  };
  await expect(make('2026-W01', false, killed)).rejects.toThrow('killed');
  expect(await championOf()).toBeUndefined();

  first = await make('2026-W01');
  expect(first.funnels.every(({ funnel }) => funnel.reused)).toBe(true);
  expect(first.isPromoted).toBe(true);
  expect(await championOf()).toBe(first.gate.challenger);
});

test('the first model is champion where it beats popularity, and makes the lists', () => {
  const { gate, frozen } = first;
  expect(gate).toMatchObject({ champion: null, rival: 'popularity', promoted: true });
  expect(gate.difference.low).toBeGreaterThan(0);
  expect(gate.holdout.listeners).toBeGreaterThanOrEqual(30);
  expect(gate.guardrails.map(({ name }) => name)).toEqual([
    ...['coverage', 'gini', 'popularShare', 'overlap', 'artistOverlap', 'shortLists'],
  ]);
  expect(gate.lists).toBe(gate.challenger);
  expect(frozen.lists!.model).toBe(gate.challenger);
  expect(frozen.champion).toBeUndefined();
});

test('its record says where it comes from, and its file is the model that made the lists', async () => {
  const model = await models.registry.find(first.gate.challenger);
  expect(model).toMatchObject({
    lake: mainLake,
    week: '2026-W01',
    parent: null,
    dataCutoff: '2025-12-29T00:00:00.000Z',
    learnedUntil: first.gate.learnedUntil,
    seed: 1,
    gate: first.gate,
    createdAt: new Date(clock()).toISOString(),
  });
  expect(model.code).toMatch(/^([0-9a-f]{40}(-dirty)?|\d+\.\d+\.\d+|unknown)$/);
  const bytes = await models.registry.file(model);
  expect(rankerVersion(bytes)).toBe(model.version);
  expect(decodeRanker(bytes).featureNames).toEqual(model.features);
});

test('the week after is compared with it on cut-offs that neither has learned from', async () => {
  second = await make('2026-W02');
  const { gate, frozen } = second;
  expect(frozen.champion).toEqual({
    version: first.gate.challenger,
    learnedUntil: first.gate.learnedUntil,
  });
  expect(gate).toMatchObject({ champion: first.gate.challenger, rival: 'champion' });
  expect(gate.challenger).not.toBe(first.gate.challenger);
  const [oldest] = gate.holdout.cutoffs;
  for (const { learnedUntil } of [first.gate, gate]) expect(learnedUntil! <= oldest!).toBe(true);
  expect(gate.lists).toBe(gate.promoted ? gate.challenger : gate.champion);
  expect(await championOf()).toBe(gate.lists);
  expect((await models.registry.find(gate.challenger)).parent).toBe(first.gate.challenger);
  // Last week's lists do not return.
  expect(gate.guardrails.find(({ name }) => name === 'overlap')!.challenger).toBe(0);
});

test('made again, a week has the same lists and decision, whoever is champion by then', async () => {
  const before = second.gate.challenger === (await championOf()) ? first : second;
  await models.registry.promote(before.gate.challenger, 'for a test');
  for (const made of [first, second]) {
    const again = await make(made.frozen.week);
    expect(again.lists.content).toBe(made.lists.content);
    expect(again.gate).toEqual(made.gate);
    expect(await championOf()).toBe(before.gate.challenger);
  }
});

test('with --recompute it is compared with who is champion now', async () => {
  if ((await championOf()) !== second.gate.challenger) {
    await models.registry.promote(second.gate.challenger, 'by hand');
  }
  const { gate, isPromoted, frozen } = await make('2026-W02', true);
  expect(frozen.revision).toBe(2);
  expect(gate).toMatchObject({
    champion: second.gate.challenger,
    lists: second.gate.challenger,
    promoted: false,
  });
  expect(isPromoted).toBe(false);
});

test('a week before the champion learned what it knows is made without it, and leaves it in office', async () => {
  const champion = await championOf();
  const past = await make('2025-W50');
  expect(past.frozen.champion).toBeUndefined();
  expect(past.gate.learnedUntil! <= past.frozen.cutoff).toBe(true);
  expect(past.isPromoted).toBe(false);
  expect(await championOf()).toBe(champion);
});

test('a champion of other features scores by name; one that knows none of them is passed over', async () => {
  const known = await models.registry.find(first.gate.challenger);
  const ranker = decodeRanker(await models.registry.file(known));
  const renamed = async (rename: (name: string, at: number) => string) => {
    const bytes = encodeRanker({ ...ranker, featureNames: ranker.featureNames.map(rename) });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const version = rankerVersion(bytes);
    const file = { name: rankerFile, bytes: bytes.length, sha256 };
    await models.registry.register(recordOf('x', { version, file, learnedUntil: null }), bytes);
    await models.registry.promote(version, 'for a test');
    return { version, ...(await make('2026-W02', true)) };
  };
  const some = await renamed((name, at) => (at === 2 ? 'gone' : name));
  expect(some.gate).toMatchObject({ champion: some.version, rival: 'champion' });
  const none = await renamed((_, at) => `gone ${at}`);
  expect(none.gate).toMatchObject({ champion: none.version, rival: 'popularity', promoted: true });
  expect(none.gate.reasons[0]).toMatch(
    /^the champion cannot be used: ranker-\w+: expected at least half of its \d+ features, got 0/,
  );
  expect(none.isPromoted).toBe(true);
});

test('what was decided without servers is in MongoDB as soon as there is one, and is taken from there', async () => {
  const { mongodbUrl } = await sharedServers();
  const namespace = `t${randomUUID().slice(0, 8)}`;
  const mongo = await openMongo({ url: mongodbUrl, database: namespace });
  const elsewhere = temporaryFolder();
  try {
    const shared = await openRegistry({ ...config, namespace }, clock, mongodbUrl);
    const own = await models.registry.models();
    expect(await shared.registry.models()).toEqual(own);
    expect(await mongo.db.collection('models').countDocuments()).toBe(own.length);
    await shared.dispose();
    const other = await openRegistry(
      { ...config, namespace, home: elsewhere.path },
      clock,
      mongodbUrl,
    );
    expect(await other.registry.models()).toEqual(own);
    const before = await championOf();
    // Its file is in the first home alone: that is told, and nothing is changed.
    await expect(other.registry.rollback('from elsewhere')).rejects.toMatchObject({
      code: 'ARTIFACT_CORRUPT',
    });
    expect(await championOf()).toBe(before);
    await other.dispose();
  } finally {
    await mongo.db.dropDatabase();
    await mongo.dispose();
    elsewhere.remove();
  }
});

test('models, show, promote and rollback are commands', async () => {
  const run = async (...args: string[]) => {
    const said = await mondaymix(['models', ...args, '--home', home.path]);
    expect(said).toMatchObject({ code: 0 });
    return said;
  };
  const json = async <Result>(...args: string[]) =>
    JSON.parse((await run(...args, '--json')).output.trimEnd().split('\n').at(-1)!) as Result;
  const champion = (await championOf())!;
  const { models: listed } = await json<{ models: { version: string; state: string }[] }>();
  expect(listed.filter(({ state }) => state === 'champion')).toMatchObject([{ version: champion }]);
  expect((await run()).output).toMatch(/^version +state +week +learned until/);

  const candidate = listed.find(({ state }) => state !== 'champion')!.version;
  const beginning = candidate.slice(0, 16);
  expect(await json('promote', beginning, '--why', 'looked at')).toEqual({
    champion: candidate,
    lake: mainLake,
  });
  expect((await run('show', candidate)).output).toMatch(/champion by operator: looked at\n$/);
  expect(await json('rollback', '--why', 'worse')).toEqual({
    champion,
    retired: candidate,
    lake: mainLake,
  });
  const shown = await json<{ state: string; history: { why: string }[] }>('show', candidate);
  expect(shown.state).toBe('retired');
  expect(shown.history.at(-1)!.why).toBe('rollback: worse');
  expect(await championOf()).toBe(champion);

  const { code, message } = await mistakeOf(['models', 'show', 'nobody', '--home', home.path]);
  expect({ code, message }).toMatchObject({ code: 1 });
  expect(message).toMatch(/^model nobody: expected one of ranker-/);
});

test('a damaged file of the champion stops the week with a remedy', async () => {
  const champion = (await championOf())!;
  const path = join(models.folder, champion, rankerFile);
  const whole = await readFile(path);
  await writeFile(path, whole.subarray(0, 100));
  await expect(make('2026-W02', true)).rejects.toMatchObject({
    code: 'ARTIFACT_CORRUPT',
    message: expect.stringMatching(
      /^model ranker-\w+: expected its file ranker\.mmrk in .*, got other content; bring it back, or go back with npx mondaymix models rollback/,
    ) as unknown,
  });
  await writeFile(path, whole);
  await make('2026-W02');
});
