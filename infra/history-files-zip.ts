import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { Mistake } from '../model/mistake.ts';
import type { HistoryFile } from '../pipelines/import/history/files.ts';
import { hashFile } from './hash-file.ts';

/** The files of a zip archive, which stays open. */
export interface Archive {
  readonly files: readonly HistoryFile[];
  dispose(): void;
}

const mostEntries = 100_000;
/** Text of exports shrinks to a tenth or twentieth; what shrinks further than that is a bomb. */
const mostExpansion = 200;
/** Small files may repeat themselves as they like, bytes. */
const harmless = 16 << 20;

/**
 * Opens a zip archive and looks through its list of entries; nothing is unpacked yet.
 *
 * @param prefix - stands before the entries' names
 * @throws Mistake `SOURCE_INVALID` where it is damaged or encrypted, where a name leads out of it,
 *   or where entries overlap, as in a bomb
 */
export async function openArchive(path: string, prefix: string): Promise<Archive> {
  const zip = await openPromise(path, { autoClose: false }).catch((cause: unknown) => {
    throw damaged(path, cause);
  });
  try {
    const { size } = await stat(path);
    const entries = await entriesOf(zip, path);
    const packed = entries.reduce((sum, entry) => sum + entry.compressedSize, 0);
    if (packed > size) {
      throw new Mistake(
        'SOURCE_INVALID',
        `${path}: expected entries beside each other, got ones that overlap, as in a zip bomb`,
      );
    }
    let hash: Promise<string> | undefined;
    const hashOnce = (signal?: AbortSignal) => (hash ??= hashFile(path, signal));
    return {
      files: entries.map((entry) => fileOf(zip, entry, path, prefix, hashOnce)),
      dispose: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

async function entriesOf(zip: ZipFile, path: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      if (entries.length === mostEntries) {
        throw new Mistake(
          'SOURCE_INVALID',
          `${path}: expected at most ${mostEntries} entries, got more`,
        );
      }
      entries.push(entry);
    }
  } catch (cause) {
    throw damaged(path, cause);
  }
  return entries;
}

function fileOf(
  zip: ZipFile,
  entry: Entry,
  path: string,
  prefix: string,
  hashOf: (signal?: AbortSignal) => Promise<string>,
): HistoryFile {
  const label = `${path}: ${entry.fileName}`;
  return {
    name: prefix + entry.fileName,
    label,
    size: entry.uncompressedSize,
    path: undefined,
    async hash(signal) {
      const archive = await hashOf(signal);
      return createHash('sha256').update(`${archive}\n${entry.fileName}`).digest('hex');
    },
    async *read(signal) {
      checkEntry(entry, label);
      let sum = 0;
      try {
        const stream = await zip.openReadStreamPromise(entry);
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          signal?.throwIfAborted();
          sum = crc32(chunk, sum);
          yield chunk;
        }
      } catch (cause) {
        signal?.throwIfAborted();
        throw damaged(label, cause);
      }
      if (sum !== entry.crc32) throw damaged(label, 'a checksum that does not match');
    },
  };
}

/** @throws Mistake `SOURCE_INVALID` */
function checkEntry(entry: Entry, label: string): void {
  const got = entry.isEncrypted()
    ? 'an encrypted one; unpack it with its password first'
    : !entry.canDecodeFileData()
      ? `one in a way of compression that is not known (${entry.compressionMethod})`
      : entry.uncompressedSize > harmless &&
          entry.uncompressedSize > mostExpansion * entry.compressedSize
        ? `one that grows from ${entry.compressedSize} to ${entry.uncompressedSize} bytes, as a ` +
          'zip bomb does; unpack it first if it is none'
        : undefined;
  if (got !== undefined) {
    throw new Mistake(
      'SOURCE_INVALID',
      `${label}: expected a file that can be unpacked, got ${got}`,
    );
  }
}

function damaged(label: string, cause: unknown): unknown {
  if (cause instanceof Mistake) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  const name =
    /^(?:invalid relative path|absolute path|invalid characters in fileName): (.*)$/s.exec(
      why,
    )?.[1];
  return new Mistake(
    'SOURCE_INVALID',
    name === undefined
      ? `${label}: expected a whole zip archive, got a damaged one (${why})`
      : `${label}: expected names within the archive, got "${name}"`,
    { cause },
  );
}
