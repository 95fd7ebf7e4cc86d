import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import pLimit from 'p-limit';
import writeFileAtomic from 'write-file-atomic';
import type { Pictures } from '../pipelines/delivery/ports.ts';
import type { Clock, Log } from '../pipelines/ports.ts';
import { Breaker } from './pictures/breaker.ts';
import { fetchPicture, type FetchLimits, type PictureMark } from './pictures/fetch.ts';

/** What is remembered of a listener's picture, between runs. */
export interface PictureMemory {
  get(user: string): Promise<PictureMark | undefined>;
  set(user: string, mark: PictureMark): Promise<void>;
}

export interface PictureOptions extends Partial<FetchLimits> {
  /** `https://pictures.example/{user}`; the listener's id is put in URL-encoded. */
  readonly url: string;
  /** Pictures are kept here by their hash, for the covers. */
  readonly folder: string;
  readonly memory: PictureMemory;
  readonly clock: Clock;
  readonly log: Log;
  /** Requests at a time. Default 32. */
  readonly concurrency?: number;
  /** Looks host names up. Default: the operating system's. */
  readonly lookup?: LookupFunction;
}

/** Without a source of pictures all covers are generated. */
export const noPictures: Pictures = { newest: () => Promise.resolve(undefined) };

/** Folder of the pictures under the home. */
export function picturesFolder(home: string): string {
  return join(home, 'pictures');
}

/**
 * Newest profile pictures from an HTTP source, asked conditionally (`If-None-Match`,
 * `If-Modified-Since`). Nothing that the source does delays or fails a list: whatever is slow, too
 * large, no image, or broken counts as no picture, and a source that is down is left alone for a
 * while (see `Breaker`).
 */
export function openPictures(options: PictureOptions): Pictures {
  const { url, folder, memory, clock, log, concurrency = 32 } = options;
  const limits: FetchLimits = {
    timeMs: options.timeMs ?? 1000,
    maxBytes: options.maxBytes ?? 2 * 1024 * 1024,
    maxRedirects: options.maxRedirects ?? 3,
  };
  const breaker = new Breaker(clock, log);
  const limit = pLimit(concurrency);

  async function look(
    user: string,
    known: PictureMark | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (signal.aborted || !breaker.admits()) return undefined;
    // Asked for every list: a thread to ask in would cost ten times as much as the question.
    const isKept = known !== undefined && existsSync(join(folder, known.hash));
    const address = url.replaceAll('{user}', encodeURIComponent(user));
    const mark = isKept ? known : undefined;
    const answer = await fetchPicture(address, limits, mark, signal, options.lookup);
    if (answer.kind === 'down') {
      // Out of the batch's time is not the source's fault.
      if (!signal.aborted) breaker.failed(answer.reason);
      return undefined;
    }
    breaker.succeeded();
    if (answer.kind === 'unchanged') return known?.hash;
    if (answer.kind === 'none') return undefined;
    const hash = createHash('sha256').update(answer.bytes).digest('hex').slice(0, 32);
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(join(folder, hash), answer.bytes, { fsync: false });
    await memory.set(user, { hash, etag: answer.etag, lastModified: answer.lastModified });
    return hash;
  }

  return {
    newest: (user, signal) =>
      untilAborted(
        signal,
        memory
          .get(user)
          .then((known) => limit(() => look(user, known, signal)))
          .catch((error: Error) => {
            log.warn({ error: error.message }, 'picture: passed over');
            return undefined;
          }),
      ),
  };
}

/** Undefined as soon as the signal aborts, whatever hangs. */
function untilAborted<Value>(
  signal: AbortSignal,
  value: Promise<Value>,
): Promise<Value | undefined> {
  return new Promise((resolve) => {
    const stop = () => resolve(undefined);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    void value.then((found) => {
      signal.removeEventListener('abort', stop);
      resolve(found);
    });
  });
}

/** The bytes of a picture by its hash (the first 32 digits); undefined where they are not kept. */
export async function readPicture(folder: string, hash: string): Promise<Buffer | undefined> {
  try {
    return await readFile(join(folder, hash));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
