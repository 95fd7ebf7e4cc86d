import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { deserialize, serialize } from 'bson';
import type { z } from 'zod';
import { Mistake } from '../model/mistake.ts';

/**
 * Files of BSON documents one after the other, as `mongodump` writes and `bsondump` reads them.
 * Each document begins with its length.
 */

/** Bytes of a document without fields. */
const least = 5;
/** The most that MongoDB takes. */
const most = 16 * 2 ** 20;

/** Fields that are undefined are left out. */
export function bsonDocument(value: object): Uint8Array {
  return serialize(value, { ignoreUndefined: true });
}

/**
 * The document that begins at a place, as a view; undefined where not all of it is there.
 *
 * @throws RangeError for what cannot be the length of a document
 */
export function documentAt(bytes: Uint8Array, at: number): Uint8Array | undefined {
  if (at + 4 > bytes.length) return undefined;
  const size = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getInt32(0, true);
  if (size < least || size > most) {
    throw new RangeError(`BSON: expected a document of ${least} to ${most} bytes, got ${size}`);
  }
  return at + size > bytes.length ? undefined : bytes.subarray(at, at + size);
}

/** @throws Error for what is no document or does not fit the schema */
export function parseDocument<T>(document: Uint8Array, schema: z.ZodType<T>): T {
  return schema.parse(deserialize(document, { promoteBuffers: true }));
}

/** Writes a file of documents. */
export async function writeBson(
  path: string,
  values: AsyncIterable<object>,
  signal: AbortSignal,
): Promise<void> {
  const documents = async function* () {
    for await (const value of values) yield bsonDocument(value);
  };
  await pipeline(documents, createWriteStream(path), { signal });
}

/**
 * Reads a file document by document, with a megabyte in memory.
 *
 * @param hint - what to do about a file that is damaged
 * @throws Mistake `ARTIFACT_CORRUPT` that names the file and the byte where the reading ended
 */
export async function* readBsonFile<T>(
  path: string,
  schema: z.ZodType<T>,
  hint: string,
): AsyncGenerator<T> {
  let place = 0;
  const corrupt = (got: string, cause?: unknown): Mistake => {
    const expected = `expected a BSON document of its kind at byte ${place}`;
    return new Mistake('ARTIFACT_CORRUPT', `${path}: ${expected}, got ${got}; ${hint}`, { cause });
  };
  const parsed = (bytes: Uint8Array, at: number): { value: T; size: number } | undefined => {
    try {
      const document = documentAt(bytes, at);
      return document && { value: parseDocument(document, schema), size: document.length };
    } catch (cause) {
      throw corrupt('something else', cause);
    }
  };
  let bytes: Buffer = Buffer.alloc(0);
  for await (const chunk of chunksOf(path, () => corrupt('no file'))) {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    let at = 0;
    for (let found = parsed(bytes, at); found !== undefined; found = parsed(bytes, at)) {
      yield found.value;
      at += found.size;
      place += found.size;
    }
    bytes = bytes.subarray(at);
  }
  if (bytes.length > 0) throw corrupt(`${bytes.length} bytes of one`);
}

async function* chunksOf(path: string, missing: () => Mistake): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>;
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === 'ENOENT' ? missing() : cause;
  }
}
