import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { readTracks } from '../../model/listed-tracks.ts';
import { ListEncoder } from '../../pipelines/list-encoder.ts';
import { listShard, readShard, ShardFiles } from '../../pipelines/list-shard.ts';
import { ListedTable } from '../../pipelines/listed-table.ts';
import { ZoneFiles } from '../../pipelines/lists-by-zone.ts';
import type { WeeklyList } from '../../pipelines/lists.ts';
import { idKeys } from '../../model/ids.ts';
import { chosenList, listFor } from '../support/lists.ts';
import { temporaryFolder } from '../support/sources.ts';

const home = temporaryFolder();

afterAll(() => home.remove());

describe('The files of the zones', () => {
  const text = async (file: string) => readFile(join(home.path, file), 'utf8');

  test('hold what was added, in its order, under names without a slash', async () => {
    const files = await ZoneFiles.open(join(home.path, 'zones'));
    const port = 'America/Argentina/Buenos_Aires';
    for (const [list, zone] of [
      ['a', 'UTC'],
      ['b', port],
      ['c', 'UTC'],
      ['d', port],
      ['e', 'Asia/Jakarta'],
      ['f', 'UTC'],
    ] as const) {
      await files.add(zone, Buffer.from(list));
    }
    const entries = await files.finish();
    expect(entries).toEqual([
      { zone: port, listeners: 2, file: 'zones/America~Argentina~Buenos_Aires.bson' },
      { zone: 'Asia/Jakarta', listeners: 1, file: 'zones/Asia~Jakarta.bson' },
      { zone: 'UTC', listeners: 3, file: 'zones/UTC.bson' },
    ]);
    expect(await Promise.all(entries.map(({ file }) => text(file)))).toEqual(['bd', 'e', 'acf']);
  });

  test('hold more than is kept at a time, whole', async () => {
    const files = await ZoneFiles.open(join(home.path, 'much'));
    const list = (n: number) => Buffer.alloc(2 ** 20, n);
    for (let n = 0; n < 50; n++) await files.add(n % 3 === 0 ? 'UTC' : 'Asia/Jakarta', list(n));
    const entries = await files.finish();
    expect(entries.map(({ listeners }) => listeners)).toEqual([33, 17]);
    const bytes = await readFile(join(home.path, entries[1]!.file));
    const expected = Array.from({ length: 17 }, (_, n) => list(3 * n));
    expect(bytes.equals(Buffer.concat(expected))).toBe(true);
  });

  test('are none without lists', async () => {
    expect(await (await ZoneFiles.open(join(home.path, 'none'))).finish()).toEqual([]);
  });
});

describe('A shard', () => {
  const ids = Array.from({ length: 9 }, (_, n) => `t${String(n).repeat(15)}`);
  const encoder = new ListEncoder({
    trackKeys: idKeys(ids),
    artistKeys: idKeys([]),
    artist: new Int32Array(9),
    shared: {
      start: Int32Array.of(0, 0),
      neighbour: new Int32Array(0),
      term: new Int32Array(0),
      terms: [],
    },
    places: ['Asia/Jakarta', 'world'],
  });
  const chosen = (listener: number, candidates: number, ...tracks: [number, number][]) =>
    chosenList(
      tracks.map(([track, because]) => {
        return { track, source: 'popularity', because, artistPlayed: false };
      }),
      { listener, candidates },
    );
  const lists = [
    { user: 'ana', zone: 'Asia/Jakarta', chosen: chosen(0, 240, [3, 0], [1, 1]) },
    { user: 'budi', zone: 'UTC', chosen: chosen(1, 200, [2, 1]) },
    { user: 'cara', zone: 'Asia/Jakarta', chosen: chosen(2, 230, [3, 0]) },
  ];
  const filesIn = async (name: string) => {
    await mkdir(join(home.path, name));
    return new ShardFiles(join(home.path, name));
  };

  test('holds its lists in order, with their zones, and counts what they are made from', async () => {
    const files = await filesIn('shards');
    await files.write(7, listShard(lists, encoder));
    const stored = await files.read(7);
    expect(stored.about.counts).toEqual({
      lists: 3,
      candidates: 670,
      candidatesLeast: 200,
      tracksBySource: { popularity: 4 },
      seconds: {},
    });
    const found = await readShard(stored);
    expect(found.map(({ zone, list }) => [list.user, zone])).toEqual([
      ['ana', 'Asia/Jakarta'],
      ['budi', 'UTC'],
      ['cara', 'Asia/Jakarta'],
    ]);
    expect(found.map(({ list }) => readTracks(list).map(({ trackId }) => trackId))).toEqual([
      [ids[3], ids[1]],
      [ids[2]],
      [ids[3]],
    ]);
    const file = await readFile(stored.file);
    expect(Buffer.concat(found.map(({ document }) => document)).equals(file)).toBe(true);
  });

  test('is made when it is whole, whatever a kill has left beside it', async () => {
    const files = await filesIn('kept');
    const shard = listShard(lists, encoder);
    expect([...(await files.made())]).toEqual([]);
    for (const left of ['000003.json', '000003.bson.12345', '000012.bson.99']) {
      await writeFile(join(home.path, 'kept', left), 'half');
    }
    expect([...(await files.made())]).toEqual([]);
    await files.write(3, shard);
    await files.write(1, shard);
    await files.write(3, shard); // by another, too
    expect([...(await files.made())].sort()).toEqual([1, 3]);
    expect(await readShard(await files.read(3))).toHaveLength(3);
  });

  test('without lists is one, and damaged ones are told', async () => {
    const files = await filesIn('damaged');
    await files.write(0, listShard([], encoder));
    const none = await files.read(0);
    expect(await readShard(none)).toEqual([]);
    expect(none.about.counts).toMatchObject({ lists: 0, candidatesLeast: 0 });
    await files.write(1, listShard(lists, encoder));
    const cut = await files.read(1);
    await writeFile(cut.file, (await readFile(cut.file)).subarray(0, -1));
    await expect(readShard(cut)).rejects.toThrow(`${cut.file}: expected 3 lists`);
  });
});

describe('The table of what is listed', () => {
  test('has listener, track and position, over several parts, in the order of the lists', async () => {
    const sql = await openDuckdb({ threads: 2 });
    try {
      const folder = join(home.path, 'parts');
      const table = await ListedTable.open(sql, folder, 400);
      const some = Array.from({ length: 11 }, (_, n) => listFor('', `f${n}`));
      const expected: { listener: string; track_id: string; position: number }[] = [];
      for (let n = 0; n < 910; n++) {
        // Lists of different lengths, of a user whose name SQL must not trip over.
        const user = n === 7 ? "o'hara; --" : `user ${999 - n}`;
        const whole = { ...some[n % 11]!, user };
        const list: WeeklyList = n % 5 === 0 ? { ...whole, tracks: new Uint8Array(0) } : whole;
        readTracks(list).forEach(({ trackId }, at) =>
          expected.push({ listener: list.user, track_id: trackId, position: at + 1 }),
        );
        await table.add(list);
      }
      expect(await sql.rows(`SELECT * FROM ${await table.finish()}`)).toEqual(expected);
    } finally {
      sql.dispose();
    }
  });

  test('is empty without lists', async () => {
    const sql = await openDuckdb({ threads: 1 });
    const table = await ListedTable.open(sql, join(home.path, 'no-parts'));
    expect(await sql.rows(`SELECT * FROM ${await table.finish()}`)).toEqual([]);
    sql.dispose();
  });
});
