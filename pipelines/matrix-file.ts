import { readFile, writeFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { Mistake } from '../model/mistake.ts';

/**
 * A matrix of float32 on disk: a header of 24 bytes (magic `MMXF`, format version 1, rows, columns
 * as little-endian uint32 at 0, 4, 8, 12; the rest zero), then rows x columns little-endian float32.
 */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** [rows x columns] row-major. */
  readonly values: Float32Array;
}

const magic = 0x46584d4d; // "MMXF" read as a little-endian uint32
const version = 1;
const headerBytes = 24;

export async function writeMatrix(path: string, matrix: Matrix): Promise<void> {
  if (matrix.values.length !== matrix.rows * matrix.columns) {
    throw new RangeError(
      `${path}: expected ${matrix.rows} x ${matrix.columns} values, got ${matrix.values.length}`,
    );
  }
  if (endianness() !== 'LE') throw new Error('matrix files need a little-endian machine');
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(magic, 0);
  header.writeUInt32LE(version, 4);
  header.writeUInt32LE(matrix.rows, 8);
  header.writeUInt32LE(matrix.columns, 12);
  const { buffer, byteOffset, byteLength } = matrix.values;
  await writeFile(path, [header, new Uint8Array(buffer, byteOffset, byteLength)]);
}

/** @throws Mistake `ARTIFACT_CORRUPT` where the file is not such a matrix, whole */
export async function readMatrix(path: string): Promise<Matrix> {
  const bytes = await readFile(path);
  const corrupt = (expected: string, got: string) =>
    new Mistake('ARTIFACT_CORRUPT', `${path}: expected ${expected}, got ${got}`);
  if (bytes.length < headerBytes || bytes.readUInt32LE(0) !== magic) {
    throw corrupt('a matrix file (MMXF)', `${bytes.length} bytes of something else`);
  }
  if (bytes.readUInt32LE(4) !== version) {
    throw corrupt(`format version ${version}`, `version ${bytes.readUInt32LE(4)}`);
  }
  const rows = bytes.readUInt32LE(8);
  const columns = bytes.readUInt32LE(12);
  const length = headerBytes + rows * columns * 4;
  if (bytes.length !== length) {
    throw corrupt(`${length} bytes for ${rows} x ${columns}`, `${bytes.length} bytes`);
  }
  const values = new Float32Array(rows * columns);
  new Uint8Array(values.buffer).set(bytes.subarray(headerBytes));
  return { rows, columns, values };
}
