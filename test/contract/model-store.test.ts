import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bothStores } from '../../infra/models/both-stores.ts';
import { openFolderStore } from '../../infra/models/folder-store.ts';
import { openMongo, type Mongo } from '../../infra/mongo.ts';
import { openMongoModels } from '../../infra/mongo/models.ts';
import type { ModelStore } from '../../pipelines/models.ts';
import { eventOf, recordOf } from '../support/model-records.ts';
import { sharedServers } from '../support/servers.ts';
import { temporaryFolder } from '../support/sources.ts';

const home = temporaryFolder();
const mongos: Mongo[] = [];
let folders = 0;

async function mongo(): Promise<Mongo> {
  const { mongodbUrl } = await sharedServers();
  const opened = await openMongo({ url: mongodbUrl, database: `t${randomUUID().slice(0, 8)}` });
  mongos.push(opened);
  return opened;
}

const newFolder = () => join(home.path, `store-${++folders}`);

afterAll(async () => {
  for (const opened of mongos) {
    await opened.db.dropDatabase();
    await opened.dispose();
  }
  home.remove();
});

/** Opens a new store, and the same one again. */
const adapters: Record<string, () => Promise<() => Promise<ModelStore>>> = {
  'a folder': () => {
    const folder = newFolder();
    return Promise.resolve(() => Promise.resolve(openFolderStore(folder)));
  },
  MongoDB: async () => {
    const { db } = await mongo();
    return () => openMongoModels(db);
  },
  'MongoDB and a folder': async () => {
    const { db } = await mongo();
    const folder = newFolder();
    return async () => bothStores(await openMongoModels(db), openFolderStore(folder));
  },
};

describe.each(Object.entries(adapters))('records of models in %s', (_, open) => {
  let reopen: () => Promise<ModelStore>;
  let store: ModelStore;
  beforeAll(async () => {
    reopen = await open();
    store = await reopen();
  });

  test('are none at first', async () => {
    expect(await store.records()).toEqual([]);
    expect(await store.events()).toEqual([]);
  });

  test('are found as they were added, of every lake, also by who opens the store later', async () => {
    const records = [recordOf('a'), recordOf('b', { parent: 'x' }), recordOf('a', { lake: 'sim' })];
    const events = [eventOf('a'), eventOf('a', { lake: 'sim' }), eventOf('b', { id: 'b:1/2 "' })];
    for (const record of records) await store.addRecord(record);
    for (const event of events) await store.addEvent(event);
    const byText = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
    for (const opened of [store, await reopen()]) {
      expect((await opened.records()).sort(byText)).toEqual(records.sort(byText));
      expect((await opened.events()).sort(byText)).toEqual(events.sort(byText));
    }
  });

  test('stay as they are when they are added again', async () => {
    const before = [await store.records(), await store.events()];
    await store.addRecord(recordOf('a', { seed: 99 }));
    await store.addEvent(eventOf('a', { why: 'another reason' }));
    expect([await store.records(), await store.events()]).toEqual(before);
  });

  test('may be added by two at once', async () => {
    const other = await reopen();
    await Promise.all([store, other].map((one) => one.addRecord(recordOf('both'))));
    await Promise.all([store, other].map((one) => one.addEvent(eventOf('both'))));
    const isBoth = ({ version }: { version: string }) => version === recordOf('both').version;
    expect((await store.records()).filter(isBoth)).toHaveLength(1);
    expect((await other.events()).filter(isBoth)).toHaveLength(1);
  });
});

test('a store that lacks what another has catches up when both are opened, on either side', async () => {
  const shared = await openMongoModels((await mongo()).db);
  const own = openFolderStore(newFolder());
  await shared.addRecord(recordOf('of another home'));
  await shared.addEvent(eventOf('of another home'));
  await own.addRecord(recordOf('made without servers'));
  await own.addEvent(eventOf('made without servers'));
  const both = await bothStores(shared, own);
  for (const store of [both, shared, own]) {
    expect((await store.records()).map(({ version }) => version).sort()).toEqual(
      ['of another home', 'made without servers'].map((name) => recordOf(name).version).sort(),
    );
    expect(await store.events()).toHaveLength(2);
  }
  await both.addEvent(eventOf('new', { id: 'new' }));
  expect(await shared.events()).toEqual(await both.events());
  expect(await own.events()).toHaveLength(3);
});

test('a MongoDB that has lost everything gets it back from the home', async () => {
  const own = openFolderStore(newFolder());
  const first = await bothStores(await openMongoModels((await mongo()).db), own);
  await first.addRecord(recordOf('kept'));
  await first.addEvent(eventOf('kept'));
  const empty = await openMongoModels((await mongo()).db);
  const again = await bothStores(empty, own);
  expect(await again.records()).toEqual([recordOf('kept')]);
  expect(await empty.events()).toEqual([eventOf('kept')]);
});

test.each([
  [{ ...recordOf('a'), format: 0 }, 'one of format 0'],
  [{ ...recordOf('a'), format: 2 }, 'one of format 2'],
  [{ ...recordOf('a'), seed: 'one' }, 'something else'],
])('a record of another format is refused, saying which and where', async (record, got) => {
  const folder = newFolder();
  const path = join(folder, 'main', 'records', 'a.json');
  await mkdir(join(folder, 'main', 'records'), { recursive: true });
  await writeFile(path, JSON.stringify(record, null, 1));
  await expect(openFolderStore(folder).records()).rejects.toMatchObject({
    code: 'ARTIFACT_CORRUPT',
    message: `${path}: expected a record of the model registry of format 1, got ${got}`,
  });
  const { db } = await mongo();
  await db.collection<{ _id: string }>('models').insertOne({ _id: 'main/a', ...record });
  await expect((await openMongoModels(db)).records()).rejects.toMatchObject({
    code: 'ARTIFACT_CORRUPT',
    message: `MongoDB, models main/a: expected a record of the model registry of format 1, got ${got}`,
  });
});
