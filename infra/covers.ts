import { access, mkdir, readFile } from 'node:fs/promises';
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
  /**
   * Makes the cover of a key unless it is kept already. A picture that is not kept here is left to
   * the first request.
   *
   * @returns whether it was made by this call
   */
  ahead(key: string): Promise<boolean>;
}

/** Covers made at a time; pixels are the least urgent work of all. */
const atOnce = 2;

export function openCovers({ home, log }: { readonly home: string; readonly log: Log }): Covers {
  const limit = pLimit(atOnce);
  const underWay = new Map<string, Promise<Buffer>>();

  const pathOf = (key: string) => join(home, 'covers', key.slice(2, 4), `${key}.jpg`);
  const pictureOf = async (picture: string | undefined) =>
    picture === undefined ? undefined : readPicture(picturesFolder(home), picture);

  async function make(key: string): Promise<Buffer> {
    const { picture, seed, week } = parseCoverKey(key)!;
    const bytes = await pictureOf(picture);
    const drawn = await drawCover({ seed, week, picture: bytes });
    if (drawn.refused !== undefined) log.warn({ key, reason: drawn.refused }, 'cover: generated');
    // A picture that is kept elsewhere may be here next time: only its own cover is final.
    if (picture !== undefined && bytes === undefined) return drawn.image;
    const path = pathOf(key);
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, drawn.image, { fsync: false });
    return drawn.image;
  }

  function makeOnce(key: string): Promise<Buffer> {
    let making = underWay.get(key);
    if (making === undefined) {
      making = limit(() => make(key)).finally(() => underWay.delete(key));
      underWay.set(key, making);
    }
    return making;
  }

  return {
    async image(key) {
      if (parseCoverKey(key) === undefined) return undefined;
      try {
        return await readFile(pathOf(key));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
      return makeOnce(key);
    },
    async ahead(key) {
      const parts = parseCoverKey(key);
      if (parts === undefined || (await isThere(pathOf(key)))) return false;
      const { picture } = parts;
      if (picture !== undefined && !(await isThere(join(picturesFolder(home), picture)))) {
        return false;
      }
      await makeOnce(key);
      return true;
    },
  };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
