import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from '@jest/globals';
import { listLine, listsByZone } from '../../pipelines/lists-by-zone.ts';
import { listFor } from '../support/lists.ts';
import { temporaryFolder } from '../support/sources.ts';

const home = temporaryFolder();
const signal = new AbortController().signal;

afterAll(() => home.remove());

async function shard(name: string, users: readonly [string, string][]): Promise<string> {
  const path = join(home.path, name);
  const lines = users.map(([user, zone]) => `${JSON.stringify({ user, zone })}\n`);
  await writeFile(path, lines.join(''));
  return path;
}

test('the lines of all shards are parted by zone and keep their order', async () => {
  const port = 'America/Argentina/Buenos_Aires';
  const shards = [
    await shard('0', [
      ['a', 'UTC'],
      ['b', port],
      ['c', 'UTC'],
    ]),
    await shard('1', []),
    await shard('2', [
      ['d', port],
      ['e', 'Asia/Jakarta'],
      ['f', 'UTC'],
    ]),
  ];
  const entries = await listsByZone(shards, join(home.path, 'zones'), signal);
  expect(entries).toEqual([
    { zone: port, listeners: 2, file: 'zones/America~Argentina~Buenos_Aires.ndjson' },
    { zone: 'Asia/Jakarta', listeners: 1, file: 'zones/Asia~Jakarta.ndjson' },
    { zone: 'UTC', listeners: 3, file: 'zones/UTC.ndjson' },
  ]);
  const users = entries.map(async ({ file }) => {
    const lines = (await readFile(join(home.path, file), 'utf8')).trimEnd().split('\n');
    return lines.map((line) => (JSON.parse(line) as { user: string }).user);
  });
  expect(await Promise.all(users)).toEqual([['b', 'd'], ['e'], ['a', 'c', 'f']]);
});

test('more than a stream holds at a time arrives whole', async () => {
  const users = Array.from(
    { length: 3000 },
    (_, n) => [`${n}${'x'.repeat(200)}`, n % 2 === 0 ? 'UTC' : 'Asia/Jakarta'] as [string, string],
  );
  const entries = await listsByZone([await shard('many', users)], join(home.path, 'much'), signal);
  expect(entries.map(({ listeners }) => listeners)).toEqual([1500, 1500]);
  const text = await readFile(join(home.path, entries[1]!.file), 'utf8');
  expect(text.trimEnd().split('\n')).toHaveLength(1500);
});

test('a list stays one line, whatever its titles hold', async () => {
  const list = listFor('ana', '2014-W36', 'UTC');
  const odd = 'a\u2028b\u2029c\u0085d\r\ne\\u2028';
  list.tracks[0]!.title = odd;
  const path = join(home.path, 'odd.ndjson');
  await writeFile(path, listLine(list) + listLine(listFor('budi', '2014-W36', 'UTC')));
  const [entry] = await listsByZone([path], join(home.path, 'odd'), signal);
  expect(entry!.listeners).toBe(2);
  const lines = createInterface({ input: createReadStream(join(home.path, entry!.file)) });
  const found: unknown[] = [];
  for await (const line of lines) found.push(JSON.parse(line));
  expect(found[0]).toEqual(list);
  expect(found).toHaveLength(2);
});

test('no shards make no zones, and a signal stops the sorting', async () => {
  expect(await listsByZone([], join(home.path, 'none'), signal)).toEqual([]);
  const stopped = AbortSignal.abort(new Error('stopped'));
  const one = await shard('one', [['a', 'UTC']]);
  await expect(listsByZone([one], join(home.path, 'stopped'), stopped)).rejects.toThrow('stopped');
});
