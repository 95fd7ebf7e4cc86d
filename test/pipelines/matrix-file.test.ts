import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readMatrix, writeMatrix } from '../../pipelines/matrix-file.ts';
import { temporaryFolder } from '../support/sources.ts';

const home = temporaryFolder();
const path = join(home.path, 'x.matrix');
const corrupt = (message: string) => ({ code: 'ARTIFACT_CORRUPT', message });

afterAll(() => home.remove());

async function write(): Promise<void> {
  await writeMatrix(path, { rows: 2, columns: 3, values: Float32Array.of(1, 2, 3, 4, 5, 6) });
}

test('what is written is read again, to the bit', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(6),
      fc.nat(6),
      fc.float32Array({ minLength: 36, maxLength: 36 }),
      async (rows, columns, floats) => {
        const values = floats.slice(0, rows * columns);
        await writeMatrix(path, { rows, columns, values });
        const found = await readMatrix(path);
        expect([found.rows, found.columns]).toEqual([rows, columns]);
        expect(Buffer.from(found.values.buffer)).toEqual(Buffer.from(values.buffer));
      },
    ),
    { numRuns: 50 },
  );
});

test('a view on a part of an array is written as that part', async () => {
  const values = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
  await writeMatrix(path, { rows: 1, columns: 2, values });
  expect([...(await readMatrix(path)).values]).toEqual([1, 2]);
});

test('a header of 24 bytes comes before little-endian values', async () => {
  await write();
  const bytes = await readFile(path);
  expect(bytes.subarray(0, 4).toString()).toBe('MMXF');
  expect([4, 8, 12, 16, 20].map((at) => bytes.readUInt32LE(at))).toEqual([1, 2, 3, 0, 0]);
  expect(bytes.readFloatLE(24 + 4 * 5)).toBe(6);
});

test('a matrix of other than its size is refused before anything is written', async () => {
  const other = join(home.path, 'other.matrix');
  await expect(
    writeMatrix(other, { rows: 2, columns: 2, values: new Float32Array(3) }),
  ).rejects.toThrow(`${other}: expected 2 x 2 values, got 3`);
  await expect(readFile(other)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a truncated file and one that goes on are corrupt', async () => {
  await write();
  await truncate(path, 47);
  await expect(readMatrix(path)).rejects.toMatchObject(
    corrupt(`${path}: expected 48 bytes for 2 x 3, got 47 bytes`),
  );
  await write();
  await appendFile(path, 'x');
  await expect(readMatrix(path)).rejects.toMatchObject(
    corrupt(`${path}: expected 48 bytes for 2 x 3, got 49 bytes`),
  );
  await truncate(path, 11);
  await expect(readMatrix(path)).rejects.toMatchObject(
    corrupt(`${path}: expected a matrix file (MMXF), got 11 bytes of something else`),
  );
});

test('another kind of file is corrupt', async () => {
  await writeFile(path, 'listener_ix,track_ix,confidence\n');
  await expect(readMatrix(path)).rejects.toMatchObject(
    corrupt(`${path}: expected a matrix file (MMXF), got 32 bytes of something else`),
  );
});

test('a file of another format version is not read', async () => {
  await write();
  const bytes = await readFile(path);
  bytes.writeUInt32LE(2, 4);
  await writeFile(path, bytes);
  await expect(readMatrix(path)).rejects.toMatchObject(
    corrupt(`${path}: expected format version 1, got version 2`),
  );
});
