import { join } from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import { Mistake } from '../../model/mistake.ts';
import { Unavailable } from '../../pipelines/delivery/ports.ts';
import { withLock } from '../lock.ts';

/** How long another process is waited for, milliseconds: each has its turn for some milliseconds. */
const waitMs = 15_000;

/** By path of the lock: those of one process wait in line, and ask for the lock one after the other. */
const lines = new Map<string, LimitFunction>();

/**
 * Runs `work` while nobody else, in whatever process of this home, says that a picture is somebody's
 * or that it is nobody's any more. Between finding that nobody has a picture and deleting its file
 * nobody gets it; between keeping its file and saying whose it is nobody deletes it.
 *
 * Pictures share sixteen locks by the first digit of their hash. A process that is killed frees its
 * own. Not to be called within itself.
 *
 * @throws Unavailable where another process does not come to the end
 */
export async function inPictureTurn<Result>(
  home: string,
  hash: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const path = join(home, 'picture-turns', `${hash.slice(0, 1)}.lock`);
  let line = lines.get(path);
  if (line === undefined) {
    line = pLimit(1);
    lines.set(path, line);
  }
  return line(async () => {
    try {
      return await withLock(path, { waitMs, what: `the pictures of ${home}` }, work);
    } catch (error) {
      if (!(error instanceof Mistake) || error.code !== 'LOCKED') throw error;
      throw new Unavailable(error.message, { cause: error });
    }
  });
}
