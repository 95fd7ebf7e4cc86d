import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { openFolderFiles } from '../../infra/models/folder-files.ts';
import { openFolderStore } from '../../infra/models/folder-store.ts';
import { Registry } from '../../pipelines/registry.ts';
import { bytesOf, recordOf, versionOf } from '../support/model-records.ts';
import { temporaryFolder } from '../support/sources.ts';

const home = temporaryFolder();
const [a, b, c] = ['a', 'b', 'c'].map(versionOf) as [string, string, string];
let folder: string;
let now: number;
let registry: Registry;
let homes = 0;

afterAll(() => home.remove());

/** Three models, trained one week after the other; nobody is champion. */
beforeEach(async () => {
  folder = join(home.path, `home-${++homes}`);
  now = Date.UTC(2014, 8, 1);
  registry = reopened();
  for (const [n, name] of ['a', 'b', 'c'].entries()) {
    const day = 1 + 7 * n;
    await register(name, {
      week: `2014-W3${6 + n}`,
      learnedUntil: new Date(Date.UTC(2014, 7, day)).toISOString(),
      dataCutoff: new Date(Date.UTC(2014, 7, day + 7)).toISOString(),
      createdAt: new Date(Date.UTC(2014, 8, day)).toISOString(),
    });
  }
});

function reopened(): Registry {
  return new Registry(
    openFolderStore(join(folder, 'registry')),
    openFolderFiles(folder),
    () => now,
  );
}

function register(name: string, changes: Parameters<typeof recordOf>[1]): Promise<void> {
  return registry.register(recordOf(name, changes), bytesOf(name));
}

function gate(version: string, instead: string | null, week = '2014-W36'): Promise<boolean> {
  return registry.promotedByGate('main', version, { week, revision: 1, instead, why: 'better' });
}

async function states(lake = 'main'): Promise<Record<string, string>> {
  const models = await reopened().models(lake);
  return Object.fromEntries(models.map(({ version, state }) => [version, state]));
}

test('models are listed newest first, all of them candidates until one is promoted', async () => {
  expect((await registry.models()).map(({ version }) => version)).toEqual([c, b, a]);
  expect(await states()).toEqual({ [a]: 'candidate', [b]: 'candidate', [c]: 'candidate' });
});

test('the gate makes a model champion and retires the one before, with why, by whom and when', async () => {
  expect(await gate(a, null)).toBe(true);
  now += 1000;
  expect(await gate(b, a, '2014-W37')).toBe(true);
  expect(await states()).toEqual({ [a]: 'retired', [b]: 'champion', [c]: 'candidate' });
  const at = (ms: number) => new Date(Date.UTC(2014, 8, 1) + ms).toISOString();
  expect((await registry.find(a)).history).toEqual([
    { state: 'champion', at: at(0), by: 'gate', why: 'better' },
    { state: 'retired', at: at(1000), by: 'gate', why: `replaced by ${b}: better` },
  ]);
});

test('the decision of a week told again counts once, also after a rollback', async () => {
  await gate(a, null);
  await gate(b, a, '2014-W37');
  expect(await gate(b, a, '2014-W37')).toBe(true);
  await registry.rollback('worse in life');
  expect(await gate(b, a, '2014-W37')).toBe(true);
  expect(await states()).toMatchObject({ [a]: 'champion', [b]: 'retired' });
});

test('the gate does not replace a champion that the challenger was not compared with', async () => {
  await gate(a, null);
  await registry.promote(c, 'by hand');
  expect(await gate(b, a, '2014-W37')).toBe(false);
  expect(await gate(b, null, '2014-W38')).toBe(false);
  expect(await states()).toEqual({ [a]: 'retired', [b]: 'candidate', [c]: 'champion' });
});

test('an operator promotes any model, by the beginning of its version', async () => {
  await gate(a, null);
  const model = await registry.promote(b.slice(0, 12), 'looked at by hand');
  expect(model).toMatchObject({ version: b, state: 'champion' });
  expect(model.history).toMatchObject([{ by: 'operator', why: 'looked at by hand' }]);
  await expect(registry.promote(b, 'again')).rejects.toMatchObject({
    code: 'USAGE',
    message: `model ${b}: expected one that is not champion yet, got the champion of main`,
  });
});

test('a rollback goes back at once, one champion at a time, and is kept', async () => {
  await gate(a, null);
  await gate(b, a, '2014-W37');
  await gate(c, b, '2014-W38');
  expect(await registry.rollback('worse in life')).toMatchObject({
    from: { version: c, state: 'retired' },
    to: { version: b, state: 'champion' },
  });
  expect(await registry.rollback('that one too')).toMatchObject({ to: { version: a } });
  await expect(registry.rollback('and more')).rejects.toMatchObject({
    code: 'USAGE',
    message: `rollback of main: expected a champion before this one, got the first one, ${a}`,
  });
  expect((await registry.find(b)).history.map(({ state, why }) => `${state}: ${why}`)).toEqual([
    'champion: better',
    `retired: replaced by ${c}: better`,
    'champion: rollback: worse in life',
    'retired: rollback: that one too',
  ]);
});

test('after a rollback the next week is compared with the champion that is back', async () => {
  await gate(a, null);
  await gate(b, a, '2014-W37');
  const cutoffMs = Date.UTC(2014, 8, 15);
  expect(await registry.championBefore('main', cutoffMs)).toMatchObject({ version: b });
  await registry.rollback('worse in life');
  expect(await registry.championBefore('main', cutoffMs)).toEqual({
    version: a,
    learnedUntil: '2014-08-01T00:00:00.000Z',
    rolledBack: [b],
  });
  expect(await gate(c, a, '2014-W38')).toBe(true);
});

test('a week long past knows no champion that was chosen on what came after it', async () => {
  await gate(a, null);
  await gate(b, a, '2014-W37');
  const before = (day: string) => registry.championBefore('main', Date.parse(day));
  // Learned until 1 August, chosen on the week to the 8th.
  expect(await before('2014-08-01')).toBeUndefined();
  expect(await before('2014-08-07')).toBeUndefined();
  expect(await before('2014-08-08')).toMatchObject({ version: a });
  expect(await before('2014-08-14')).toMatchObject({ version: a });
  expect(await before('2014-08-15')).toMatchObject({ version: b });
});

test('models of another lake are apart, even the same ones', async () => {
  await gate(a, null);
  await register('a', { lake: 'simulated' });
  expect(await states('simulated')).toEqual({ [a]: 'candidate' });
  expect(await registry.championBefore('simulated', Date.UTC(2020, 0, 1))).toBeUndefined();
  expect(await registry.lakes()).toEqual(['main', 'simulated']);
  await expect(registry.find(a)).rejects.toMatchObject({
    code: 'UNKNOWN_MODEL',
    message: expect.stringMatching(
      /^model ranker-\w+: expected one, got .*; say more of it, or --lake$/,
    ) as unknown,
  });
  await registry.promote(a, 'by hand', 'simulated');
  await expect(registry.rollback('of which?')).rejects.toMatchObject({
    code: 'USAGE',
    message: 'rollback: expected --lake with one of main, simulated, got none',
  });
});

test('a model registered again stays as it was', async () => {
  await register('a', { seed: 99 });
  expect((await registry.find(a)).seed).toBe(1);
});

test('a clock that is behind does not change the order of events', async () => {
  await gate(a, null);
  now -= 1_000_000;
  await registry.promote(b, 'by hand');
  now -= 1_000_000;
  await registry.promote(c, 'by hand');
  await registry.rollback('worse');
  expect(await states()).toEqual({ [a]: 'retired', [b]: 'champion', [c]: 'retired' });
});

test('a model whose file is gone or changed is neither promoted nor gone back to', async () => {
  await gate(a, null);
  await gate(b, a, '2014-W37');
  await writeFile(join(folder, a, 'ranker.mmrk'), 'something else');
  await expect(registry.rollback('worse')).rejects.toMatchObject({
    code: 'ARTIFACT_CORRUPT',
    message: expect.stringMatching(
      /: expected its file ranker\.mmrk in .*, got other content; /,
    ) as unknown,
  });
  await openFolderStore(join(folder, 'registry')).addRecord(recordOf('fileless'));
  await expect(registry.promote(versionOf('fileless'), 'by hand')).rejects.toMatchObject({
    code: 'ARTIFACT_CORRUPT',
    message: expect.stringMatching(
      /, got none \(MODELS_URL names a store for several machines\); /,
    ) as unknown,
  });
  expect(await states()).toMatchObject({ [b]: 'champion' });
});

test('without models, what is asked for is told not to be there', async () => {
  folder = join(home.path, 'empty');
  registry = reopened();
  expect(await registry.models()).toEqual([]);
  await expect(registry.find('ranker-1')).rejects.toMatchObject({
    code: 'UNKNOWN_MODEL',
    message: 'model ranker-1: expected one of the registry, which has none yet',
  });
  await expect(registry.rollback('why not')).rejects.toMatchObject({
    code: 'USAGE',
    message: 'rollback: expected a champion, got none so far',
  });
});
