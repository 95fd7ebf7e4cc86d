import { randomUUID } from 'node:crypto';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openArtifacts } from '../../infra/artifacts.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { importFolder } from '../../infra/import-folder.ts';
import { openLake } from '../../infra/lake.ts';
import { frozenLists } from '../../infra/list-archive.ts';
import { loadKernels } from '../../infra/kernels.ts';
import { openListMakers } from '../../infra/list-makers.ts';
import { openWorkQueue } from '../../infra/rabbit/work-queue.ts';
import { loadTensorflow } from '../../infra/tensorflow.ts';
import { sourceNames } from '../../model/candidates/pool.ts';
import { freezeWeek } from '../../pipelines/freeze.ts';
import { bsonDocument } from '../../pipelines/bson-file.ts';
import { makersOnThisThread, type OpenListMakers } from '../../pipelines/list-making.ts';
import { readShard, type ShardContents } from '../../pipelines/list-shard.ts';
import { idsOf, type NamedList } from '../../pipelines/listed.ts';
import { listsStage } from '../../pipelines/make-lists.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { Runner, type RunnerOptions, type StoredArtifact } from '../../pipelines/runner.ts';
import { fingerprintOf, step, type Source, type Step } from '../../pipelines/step.ts';
import { createViews } from '../../pipelines/views.ts';
import { simulate } from '../../pipelines/simulate/simulate.ts';
import { weekOptions, type FrozenWeek } from '../../pipelines/week-plan.ts';
import { weekGraph } from '../../pipelines/weekly.ts';
import { tell } from '../support/figures.ts';
import { namedListsOf } from '../support/named-lists.ts';
import { sharedServers, silentLog } from '../support/servers.ts';
import { temporaryFolder } from '../support/sources.ts';
import { writeTable } from '../support/tables.ts';

jest.setTimeout(600_000);

const numListeners = 300;
const home = temporaryFolder();
// A folder's name may look like a pattern.
const artifacts = openArtifacts(join(home.path, 'made [of] lists'));
const book = new Map<string, FrozenWeek>();
let sql: Sql;
let last: Step;
let next: Step;
let lastLists: StoredArtifact;
let nextLists: StoredArtifact;

/** A small simulated world, and the lists of two successive weeks of it. */
beforeAll(async () => {
  sql = await openDuckdb({ threads: 2 });
  const { folder } = await simulate(
    { listeners: numListeners, tracks: 1000, seed: 5 },
    join(home.path, 'sources'),
  );
  await importFolder(folder, home.path);
  last = listsOf(await freeze('2026-W01'), []);
  lastLists = await runner().make(last);
  next = listsOf(await freeze('2026-W02'), [lastLists]);
  nextLists = await runner().make(next);
  await createViews(sql, {
    catalogue: { tables: (await runner().make(last.inputs['catalogue'] as Step)).tables },
  });
});

afterAll(() => {
  sql.dispose();
  home.remove();
});

async function freeze(week: string): Promise<FrozenWeek> {
  return freezeWeek({
    week,
    asked: { trainingWeeks: 2 },
    defaults: weekOptions.parse({}),
    recompute: false,
    lake: await openLake(home.path).snapshot(),
    weeks: {
      find: (key) => Promise.resolve(book.get(key)),
      write: (frozen) => Promise.resolve(void book.set(frozen.week, frozen)),
    },
    sql,
    clock: () => 0,
  });
}

/** The lists of a week, in shards of so many listeners. */
function listsOf(
  week: FrozenWeek,
  previous: readonly Source[],
  shard = 100,
  makers?: OpenListMakers,
): Step {
  const { options, inputs } = weekGraph(week, previous, { loadTensorflow, loadKernels });
  const engines = { loadTensorflow, loadKernels };
  const stage = listsStage({
    ...engines,
    openListMakers: makers ?? makersOnThisThread(engines),
  });
  return step(stage, { ...options, shard }, inputs);
}

function runner(
  onShard: (done: number) => void = () => undefined,
  stop = new AbortController(),
  more: Partial<RunnerOptions> = {},
) {
  return new Runner({
    artifacts,
    openSql: () => openDuckdb({ threads: 2 }),
    clock: () => 0,
    memoryMb: () => 0,
    concurrency: 1,
    signal: stop.signal,
    onProgress: (label, done) => {
      if (label === 'lists') onShard(done);
    },
    ...more,
  });
}

/** Runs until two shards are written; gives the folder in which they are. */
async function killed(goal: Step): Promise<string> {
  const stop = new AbortController();
  await runner().discardFrom(goal, 'lists');
  const run = runner((done) => {
    if (done === 200) stop.abort(new Error('killed'));
  }, stop);
  await expect(run.make(goal)).rejects.toThrow('killed');
  const shards = join(await artifacts.workspace('lists', fingerprintOf(goal)), 'shards');
  expect((await readdir(shards)).sort()).toEqual([
    '000000.bson',
    '000000.json',
    '000001.bson',
    '000001.json',
  ]);
  return shards;
}

async function readLists(artifact: StoredArtifact): Promise<NamedList[]> {
  return namedListsOf(await frozenLists(artifact));
}

const workOfTracks = async (): Promise<Map<string, number>> => {
  const rows = await sql.rows<{ track_id: string; work_ix: number }>(
    'SELECT track_id, work_ix FROM catalogue.tracks',
  );
  return new Map(rows.map(({ track_id, work_ix }) => [track_id, work_ix]));
};

/** Works that each listener has played before an instant. */
async function heardBefore(cutoff: string): Promise<Map<string, Set<number>>> {
  const rows = await sql.rows<{ listener: string; work_ix: number }>(
    `SELECT DISTINCT listener, work_ix FROM catalogue.listens
     JOIN catalogue.listeners USING (listener_ix) JOIN catalogue.tracks USING (track_ix)
     WHERE listened_at < CAST('${cutoff.replace('Z', '')}' AS TIMESTAMP)`,
  );
  const heard = new Map<string, Set<number>>();
  for (const { listener, work_ix } of rows) {
    heard.set(listener, (heard.get(listener) ?? new Set()).add(work_ix));
  }
  return heard;
}

test('every listener has one list of 30 unheard works by 30 artists, with reasons', async () => {
  const works = await workOfTracks();
  for (const [week, artifact] of [
    ['2026-W01', lastLists],
    ['2026-W02', nextLists],
  ] as const) {
    const heard = await heardBefore(book.get(week)!.cutoff);
    const lists = await readLists(artifact);
    expect(lists.map(({ user }) => user).sort()).toEqual([...heard.keys()].sort());
    for (const { user, tracks, model, week: of } of lists) {
      expect(of).toBe(week);
      expect(model).toMatch(/^ranker-/);
      expect(new Set(tracks.map(({ artistId }) => artistId)).size).toBe(30);
      const found = tracks.map(({ trackId }) => works.get(trackId)!);
      expect(new Set(found).size).toBe(30);
      expect(found.filter((work) => heard.get(user)!.has(work))).toEqual([]);
    }
  }
});

test('the funnel says how many candidates there were, and from where the tracks came', () => {
  const { rowsIn, rowsOut, dropped, figures } = nextLists.funnel;
  expect([rowsIn, rowsOut, dropped]).toEqual([numListeners, numListeners, {}]);
  expect(figures['candidatesLeast']).toBeGreaterThanOrEqual(200);
  expect(figures['candidatesMean']).toBeGreaterThanOrEqual(figures['candidatesLeast'] as number);
  const shares = Object.entries(figures).filter(([key]) => key.startsWith('share/'));
  expect(shares.reduce((sum, [, share]) => sum + (share as number), 0)).toBeCloseTo(1, 9);
  expect(shares).toHaveLength(sourceNames.length);
});

test('what was on the list of the week before does not return', async () => {
  const works = await workOfTracks();
  const before = new Map(
    (await readLists(lastLists)).map(({ user, tracks }) => [
      user,
      new Set(tracks.map(({ trackId }) => works.get(trackId))),
    ]),
  );
  let unheard = 0;
  const heard = await heardBefore(book.get('2026-W02')!.cutoff);
  for (const { user, tracks } of await readLists(nextLists)) {
    const returned = tracks.filter(({ trackId }) => before.get(user)?.has(works.get(trackId)));
    expect(returned).toEqual([]);
    unheard += [...(before.get(user) ?? [])].filter((work) => !heard.get(user)!.has(work!)).length;
  }
  expect(unheard).toBeGreaterThan(1000); // so many might have returned
  // Without the lists of the week before some would.
  const forgetful = await runner().make(listsOf(book.get('2026-W02')!, []));
  const returned = (await readLists(forgetful)).flatMap(({ user, tracks }) =>
    tracks.filter(({ trackId }) => before.get(user)?.has(works.get(trackId))),
  );
  expect(returned.length).toBeGreaterThan(100);
});

test('two processes make the shards together, on threads, to the very bytes of one', async () => {
  const { rabbitmqUrl } = await sharedServers();
  const namespace = `test-${randomUUID()}`;
  const queue = openWorkQueue({ url: rabbitmqUrl, namespace, log: silentLog });
  const made: number[] = [];
  const process = async (who: number, openMakers: OpenListMakers): Promise<StoredArtifact> => {
    const openListMakers: OpenListMakers = (inputs) => {
      const makers = openMakers(inputs);
      return {
        ...makers,
        size: 1,
        make: async (shard) => {
          made.push(who);
          return makers.make(shard);
        },
      };
    };
    // A store of its own, as another process has.
    const store = openArtifacts(join(home.path, 'made [of] lists'));
    return runner(undefined, undefined, { artifacts: store, queue }).make(
      listsOf(book.get('2026-W02')!, [lastLists], 20, openListMakers),
    );
  };
  const alone = await runner().make(listsOf(book.get('2026-W02')!, [lastLists], 20));
  await runner().discardFrom(listsOf(book.get('2026-W02')!, [lastLists], 20), 'lists');
  const both = await Promise.all([
    process(1, makersOnThisThread({ loadTensorflow, loadKernels })),
    process(2, openListMakers),
  ]);
  for (const { content, fingerprint } of both) {
    expect({ content, fingerprint }).toEqual({
      content: alone.content,
      fingerprint: alone.fingerprint,
    });
  }
  expect(both.filter(({ funnel }) => funnel.reused)).toHaveLength(1);
  const [one, other] = [1, 2].map((who) => made.filter((by) => by === who).length);
  expect(Math.min(one!, other!)).toBeGreaterThan(0);
  expect(one! + other!).toBeLessThan(20); // 15 shards, some of them perhaps by both
  tell('shards made', { one: one!, other: other! });
});

test('the lists are kept as a table too: listener, track and position from 1', async () => {
  const [{ file }] = nextLists.tables as [{ name: string; file: string }];
  const rows = await sql.rows<{ listener: string; track_id: string; position: number }>(
    `SELECT * FROM read_parquet('${file}')`,
  );
  const expected = (await readLists(nextLists))
    .sort((a, b) => (a.user < b.user ? -1 : 1))
    .flatMap(({ user, tracks }) =>
      tracks.map(({ trackId }, n) => ({ listener: user, track_id: trackId, position: n + 1 })),
    );
  expect(rows).toEqual(expected);
});

test('a list is far below 1.5 KB, and holds no words but terms and places', async () => {
  const frozen = await frozenLists(nextLists);
  const sizes: number[] = [];
  for (const { zone } of frozen.zones) {
    for await (const list of frozen.read(zone)) {
      expect(Object.keys(list).filter((key) => key !== 'words')).toEqual(['user', 'tracks']);
      sizes.push(bsonDocument(list).length);
    }
  }
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  tell('bytes of a list', { mean: bytes / sizes.length, most: Math.max(...sizes) });
  expect(Math.max(...sizes)).toBeLessThan(1024);
});

test('the names are of all that the lists refer to and of nothing else, by id', async () => {
  const frozen = await frozenLists(nextLists);
  const wanted = { tracks: new Set<string>(), artists: new Set<string>() };
  for (const { zone } of frozen.zones) {
    for await (const list of frozen.read(zone)) {
      const { tracks, artists } = idsOf(list);
      for (const id of tracks) wanted.tracks.add(id);
      for (const id of artists) wanted.artists.add(id);
    }
  }
  const tracks: string[] = [];
  for await (const { trackId } of frozen.trackNames()) tracks.push(trackId);
  expect(tracks).toEqual([...wanted.tracks].sort());
  const artists: string[] = [];
  for await (const { artistId } of frozen.artistNames()) artists.push(artistId);
  expect(artists).toEqual([...wanted.artists].sort());
  expect(artists.length).toBeGreaterThan(20);
});

test('a killed run goes on from the shards it wrote, and makes the one that is gone again', async () => {
  const shards = await killed(next);
  await rm(join(shards, '000000.bson'));
  const again = await runner().make(next);
  expect(again.content).toBe(nextLists.content);
  expect(again.funnel.figures).toEqual(nextLists.funnel.figures);
  expect(await readdir(again.folder)).not.toContain('shards');

  // That the other one was taken over and not made again shows in a mark on it.
  const file = join(await killed(next), '000001.bson');
  const text = await readFile(file.replace('.bson', '.json'), 'utf8');
  const lists = await readShard({ file, about: JSON.parse(text) as ShardContents });
  const marked = lists.map(({ list }) =>
    bsonDocument({ ...list, words: [...(list.words ?? []), '¶'] }),
  );
  await writeFile(file, Buffer.concat(marked));
  const frozen = await frozenLists(await runner().make(next));
  let marks = 0;
  for (const { zone } of frozen.zones) {
    for await (const { words } of frozen.read(zone)) if (words?.at(-1) === '¶') marks++;
  }
  expect(marks).toBe(100);
  await runner().discardFrom(next, 'lists');
});

test('how many lists are made at a time does not show in the bytes', async () => {
  const others = await runner().make(listsOf(book.get('2026-W02')!, [lastLists], 37));
  expect(others.fingerprint).not.toBe(nextLists.fingerprint);
  expect(others.content).toBe(nextLists.content);
});

test('of the weeks before only the table counts: lists of an older version do as well', async () => {
  const folder = join(home.path, 'older');
  await mkdir(folder);
  const rows = await sql.rows<{ listener: string; track_id: string; position: number }>(
    `SELECT * FROM read_parquet('${lastLists.tables[0]!.file as string}') ORDER BY ALL`,
  );
  const columns = { listener: 'VARCHAR', track_id: 'VARCHAR', position: 'INTEGER' };
  const older = {
    fingerprint: 'older',
    folder,
    tables: [await writeTable(sql, folder, 'listed', columns, rows)],
  };
  const made = await runner().make(listsOf(book.get('2026-W02')!, [older]));
  expect(made.content).toBe(nextLists.content);
});

test('who has fewer than 30 tracks left has no list, and is counted with the reason', async () => {
  const greedy = await exhausted('greedy', 'WHERE listener_ix = 299');
  // The one without a list is the last shard.
  const made = await runner().make(listsOf(book.get('2026-W02')!, [greedy], 299));
  expect(made.funnel).toMatchObject({
    rowsIn: numListeners,
    rowsOut: numListeners - 1,
    dropped: { 'fewer than 30 admissible tracks': 1 },
  });
  expect(made.funnel.figures['candidatesLeast']).toBeGreaterThanOrEqual(200);
  const [one] = await sql.rows<{ listener: string }>(
    'SELECT listener FROM catalogue.listeners WHERE listener_ix = 299',
  );
  const users = (await readLists(made)).map(({ user }) => user);
  expect(users).toHaveLength(numListeners - 1);
  expect(users).not.toContain(one!.listener);
});

test('where nobody has 30 tracks left it is told, and nothing is kept', async () => {
  const goal = listsOf(book.get('2026-W02')!, [await exhausted('all', '')]);
  await expect(runner().make(goal)).rejects.toMatchObject({
    code: 'SOURCE_EMPTY',
    message:
      'the lists of 2026-W02: expected 30 tracks to recommend to at least one of 300 listeners, got fewer for each; import more tracks',
  });
  expect(await artifacts.find('lists', fingerprintOf(goal))).toBeUndefined();
});

/** Lists of a week before that held all tracks but 29, for the listeners of a condition. */
async function exhausted(name: string, condition: string): Promise<Source> {
  const folder = join(home.path, name);
  await mkdir(folder);
  const rows = await sql.rows<{ listener: string; track_id: string }>(
    `SELECT listener, track_id
     FROM (SELECT listener FROM catalogue.listeners ${condition})
     CROSS JOIN (SELECT track_id FROM catalogue.tracks ORDER BY work_ix OFFSET 29)`,
  );
  const columns = { listener: 'VARCHAR', track_id: 'VARCHAR' };
  const table = await writeTable(sql, folder, 'listed', columns, rows);
  return { fingerprint: name, folder, tables: [table] };
}
