import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { serialize } from 'bson';
import fc from 'fast-check';
import { z } from 'zod';
import {
  bsonDocument,
  documentAt,
  parseDocument,
  readBsonFile,
  writeBson,
} from '../../pipelines/bson-file.ts';
import { weeklyList } from '../../pipelines/lists.ts';
import { listFor } from '../support/lists.ts';
import { temporaryFolder } from '../support/sources.ts';

const home = temporaryFolder();
const path = join(home.path, 'some.bson');
const { signal } = new AbortController();
const schema = z.object({ text: z.string(), number: z.int().optional() });
type Value = z.infer<typeof schema>;

afterAll(() => home.remove());

async function read(): Promise<Value[]> {
  const found: Value[] = [];
  for await (const value of readBsonFile(path, schema, 'write it again')) found.push(value);
  return found;
}

async function* each(values: readonly Value[]): AsyncGenerator<Value> {
  for (const value of values) yield await Promise.resolve(value);
}

test('what is written is read, whatever it holds', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ text: fc.string({ unit: 'grapheme' }), number: fc.integer() })),
      async (values) => {
        await writeBson(path, each(values), signal);
        expect(await read()).toEqual(values);
      },
    ),
    { numRuns: 30 },
  );
});

test('documents that lie across the pieces in which a file is read are whole', async () => {
  // Sizes around and above the megabyte that is read at a time.
  const sizes = [2 ** 20 - 40, 100, 3 * 2 ** 20, 1, 2 ** 20 - 13, 2 ** 20];
  const values = sizes.map((size, number) => ({ text: 'x'.repeat(size), number }));
  await writeBson(path, each(values), signal);
  expect(await read()).toEqual(values);
});

test('the bytes are BSON, document after document, undefined fields left out', async () => {
  const values = [{ text: 'ê' }, { text: '', number: 7 }];
  await writeBson(path, each(values), signal);
  expect(await readFile(path)).toEqual(Buffer.concat(values.map((value) => serialize(value))));
  expect(bsonDocument({ text: 'ê', number: undefined })).toEqual(serialize({ text: 'ê' }));
});

test('a list keeps its bytes', () => {
  const list = listFor('ana');
  const again = parseDocument(bsonDocument(list), weeklyList);
  expect({ ...again, tracks: Uint8Array.from(again.tracks) }).toEqual(list);
  expect(bsonDocument(again)).toEqual(bsonDocument(list));
  const { words, ...plain } = list;
  expect(words).not.toEqual([]);
  expect(parseDocument(bsonDocument(plain), weeklyList)).not.toHaveProperty('words');
});

test('an empty file holds nothing, and a signal ends the writing', async () => {
  await writeFile(path, '');
  expect(await read()).toEqual([]);
  const stopped = AbortSignal.abort(new Error('stopped'));
  await expect(writeBson(path, each([{ text: 'a' }]), stopped)).rejects.toThrow();
});

test('a document is found where it begins, or not yet whole', () => {
  const [one, two] = [bsonDocument({ text: 'one' }), bsonDocument({ text: 'two' })];
  const bytes = Buffer.concat([one, two]);
  expect(documentAt(bytes, 0)).toEqual(one);
  expect(documentAt(bytes, one.length)).toEqual(two);
  for (let cut = one.length; cut < bytes.length; cut++) {
    expect(documentAt(bytes.subarray(0, cut), one.length)).toBeUndefined();
  }
  for (const size of [-1, 0, 4, 16 * 2 ** 20 + 1]) {
    const damaged = Buffer.from(bytes);
    damaged.writeInt32LE(size, one.length);
    expect(() => documentAt(damaged, one.length)).toThrow(
      `BSON: expected a document of 5 to 16777216 bytes, got ${size}`,
    );
  }
});

describe('Damage is told with the file and the place:', () => {
  const values = [{ text: 'one' }, { text: 'two', number: 2 }, { text: 'three' }];
  const documents = values.map(bsonDocument);
  const whole = Buffer.concat(documents);
  const second = documents[0]!.length;
  const told = (place: number, got: string) => ({
    code: 'ARTIFACT_CORRUPT',
    message: `${path}: expected a BSON document of its kind at byte ${place}, got ${got}; write it again`,
  });

  test('a file that is cut', async () => {
    for (let cut = second + 1; cut < second + documents[1]!.length; cut++) {
      await writeFile(path, whole.subarray(0, cut));
      await expect(read()).rejects.toMatchObject(told(second, `${cut - second} bytes of one`));
    }
    await writeFile(path, whole.subarray(0, second));
    expect(await read()).toEqual(values.slice(0, 1)); // between two documents nothing shows
  });

  test.each<[string, (bytes: Buffer) => void]>([
    ['a length that cannot be', (bytes) => bytes.writeInt32LE(3, second)],
    ['a type that there is not', (bytes) => bytes.writeUInt8(0x77, second + 4)],
    [
      'a document without an end',
      (bytes) => bytes.writeUInt8(9, second + documents[1]!.length - 1),
    ],
    ['another field', (bytes) => void bytes.write('next', second + 5)],
  ])('%s', async (_, damage) => {
    const bytes = Buffer.from(whole);
    damage(bytes);
    await writeFile(path, bytes);
    const found: Value[] = [];
    const reading = async () => {
      for await (const value of readBsonFile(path, schema, 'write it again')) found.push(value);
    };
    await expect(reading()).rejects.toMatchObject(told(second, 'something else'));
    expect(found).toEqual(values.slice(0, 1));
  });

  test('what JSON was before, and a file that is gone', async () => {
    await writeFile(path, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
    await expect(read()).rejects.toMatchObject(told(0, 'something else'));
    const gone = readBsonFile(join(home.path, 'gone'), schema, 'write it again');
    await expect(gone.next()).rejects.toMatchObject({
      code: 'ARTIFACT_CORRUPT',
      message: `${join(home.path, 'gone')}: expected a BSON document of its kind at byte 0, got no file; write it again`,
    });
  });
});
