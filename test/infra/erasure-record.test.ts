import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openErasureBook, type ErasureBook } from '../../infra/erasure/record.ts';
import { hashOf } from '../../infra/mongo/erased.ts';
import { temporaryFolder } from '../support/sources.ts';

const listener = 'ursula-1';
const second = (n: number) => `2026-11-23T00:00:${String(n).padStart(2, '0')}.000Z`;

let root: ReturnType<typeof temporaryFolder>;
let book: ErasureBook;
beforeEach(() => {
  root = temporaryFolder();
  book = openErasureBook(root.path);
});
afterEach(() => root.remove());

test('what is asked for twice before anybody begins is one erasure, up to the later time', async () => {
  await book.ask(listener, second(1));
  await book.ask(listener, second(2));
  const { erasure, isAgain } = (await book.begin(listener))!;
  expect({ at: erasure.at, isAgain }).toEqual({ at: second(2), isAgain: false });
  expect(await book.finish({ ...erasure, finishedAt: second(3) })).toBeUndefined();
  expect(await book.begin(listener)).toBeUndefined();
});

test('what is asked for while one is carried out is open once that one is done, and one more is enough', async () => {
  await book.ask(listener, second(1));
  const { erasure } = (await book.begin(listener))!;
  // Another process: it has no part of what the first one remembers.
  const other = openErasureBook(root.path);
  expect(await other.ask(listener, second(2))).toMatchObject({ at: second(2) });
  await book.write({ ...erasure, removed: { files: 1 } });
  await other.ask(listener, second(3));
  await book.write({ ...erasure, removed: { files: 2 } });
  const finished = { ...erasure, finishedAt: second(4), removed: { files: 2 } };
  expect(await book.finish(finished)).toBe(second(3));
  expect(await other.unfinished()).toEqual([
    { format: 1, hash: hashOf(listener), listener, at: second(3), removed: {} },
  ]);
  const next = (await other.begin(listener))!;
  expect(next).toMatchObject({ isAgain: false, erasure: { at: second(3) } });
  expect(await other.finish({ ...next.erasure, finishedAt: second(5) })).toBeUndefined();
  expect(await book.find(listener)).toEqual({
    ...{ format: 1, hash: hashOf(listener), at: second(3) },
    ...{ finishedAt: second(5), removed: {} },
  });
});

test('one that was killed begins anew and serves who asked meanwhile', async () => {
  await book.ask(listener, second(1));
  const { erasure } = (await book.begin(listener))!;
  await book.write({ ...erasure, removed: { files: 1 }, playlists: [['plain', 'p-1']] });
  await book.ask(listener, second(2));
  const again = (await book.begin(listener))!;
  expect(again).toMatchObject({
    isAgain: true,
    erasure: { at: second(2), removed: { files: 1 }, playlists: [['plain', 'p-1']] },
  });
  expect(await book.finish({ ...again.erasure, finishedAt: second(3) })).toBeUndefined();
  expect(await book.unfinished()).toEqual([]);
});

test('no request is lost among many at once, and none of an earlier time counts for a later one', async () => {
  await book.ask(listener, second(1));
  const { erasure } = (await book.begin(listener))!;
  const asks = [5, 9, 2, 7].map((n) => book.ask(listener, second(n)));
  await Promise.all([...asks, book.write(erasure), book.write({ ...erasure, removed: { a: 1 } })]);
  for (const [n, ask] of asks.entries()) {
    expect((await ask).at >= second([5, 9, 2, 7][n]!)).toBe(true);
  }
  expect(await book.finish({ ...erasure, finishedAt: second(10) })).toBe(second(9));
});

test('a record that somebody was killed over leaves no file that names the listener', async () => {
  await book.ask(listener, second(1));
  const folder = join(root.path, 'erasures');
  await writeFile(join(folder, `${hashOf(listener)}.json.1234`), `{"listener":"${listener}`);
  const { erasure } = (await book.begin(listener))!;
  await book.finish({ ...erasure, finishedAt: second(2) });
  for (const name of await readdir(folder)) {
    expect((await readFile(join(folder, name))).includes(listener)).toBe(false);
  }
});
