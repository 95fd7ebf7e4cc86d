import { createReadStream, existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Mistake } from '../model/mistake.ts';
import type { SourceFolder } from '../pipelines/import/source-folder.ts';
import { hashFile } from './hash-file.ts';

/** What Node's codes mean here. */
const faults: Readonly<Record<string, string>> = {
  EISDIR: 'expected a readable file, got a folder',
  EACCES: 'expected a readable file, got one that we may not read',
  Z_BUF_ERROR: 'expected a whole gzip file, got one that ends too early',
  Z_DATA_ERROR: 'expected a whole gzip file, got a damaged one',
};

/**
 * Opens a folder of sources.
 *
 * @throws Mistake `SOURCE_MISSING` where there is no such folder
 */
export async function openSourceFolder(path: string): Promise<SourceFolder> {
  const folder = resolve(path);
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined || !found.isDirectory()) {
    throw new Mistake(
      'SOURCE_MISSING',
      `${folder}: expected a folder with sources, found ${found ? 'a file' : 'nothing'}`,
    );
  }
  const locate = (file: string) => join(folder, file);
  return {
    path: folder,
    find: (file) => [file, `${file}.gz`].find((name) => existsSync(locate(name))),
    locate,
    size: async (file) => (await stat(locate(file))).size,
    async hash(file, signal) {
      try {
        const hash = await hashFile(locate(file), signal);
        if (file.endsWith('.gz')) await checkGzip(locate(file), signal);
        return hash;
      } catch (cause) {
        signal?.throwIfAborted();
        const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
        throw new Mistake(
          'SOURCE_INVALID',
          `${locate(file)}: ${faults[code] ?? `expected a readable file, got ${code}`}`,
          { cause },
        );
      }
    },
  };
}

/** DuckDB reads what it can of a file that is cut off or damaged, and does not say so. */
async function checkGzip(path: string, signal: AbortSignal | undefined): Promise<void> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  await pipeline(
    createReadStream(path, { highWaterMark: 1 << 20 }),
    createGunzip({ chunkSize: 1 << 18 }),
    nowhere,
    signal ? { signal } : {},
  );
}
