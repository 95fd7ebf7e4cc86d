import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pLimit from 'p-limit';
import writeFileAtomic from 'write-file-atomic';
import { parseCoverKey } from '../pipelines/delivery/cover.ts';
import type { Log } from '../pipelines/ports.ts';
import { drawCover } from './covers/draw.ts';
import { picturesFolder, readPicture } from './pictures.ts';

export interface Covers {
  /**
   * The cover of a key as a JPEG, 640 x 640; made on first request, then read from
   * `<home>/covers`. One key, one picture, the same bytes. Undefined for what is not a key.
   */
  image(key: string): Promise<Buffer | undefined>;
}

/** Covers made at a time; pixels are the least urgent work of all. */
const atOnce = 2;

export function openCovers({ home, log }: { readonly home: string; readonly log: Log }): Covers {
  const limit = pLimit(atOnce);
  const underWay = new Map<string, Promise<Buffer>>();

  async function make(key: string, path: string): Promise<Buffer> {
    const { picture, seed, week } = parseCoverKey(key)!;
    const bytes =
      picture === undefined ? undefined : await readPicture(picturesFolder(home), picture);
    const drawn = await drawCover({ seed, week, picture: bytes });
    if (drawn.refused !== undefined) log.warn({ key, reason: drawn.refused }, 'cover: generated');
    // A picture that is kept elsewhere may be here next time: only its own cover is final.
    if (picture !== undefined && bytes === undefined) return drawn.image;
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, drawn.image, { fsync: false });
    return drawn.image;
  }

  return {
    async image(key) {
      if (parseCoverKey(key) === undefined) return undefined;
      const path = join(home, 'covers', key.slice(2, 4), `${key}.jpg`);
      try {
        return await readFile(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
      let making = underWay.get(key);
      if (making === undefined) {
        making = limit(() => make(key, path)).finally(() => underWay.delete(key));
        underWay.set(key, making);
      }
      return making;
    },
  };
}
