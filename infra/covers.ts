import { access, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import writeFileAtomic from 'write-file-atomic';
import { parseCoverKey } from '../pipelines/delivery/cover.ts';
import type { Log } from '../pipelines/ports.ts';
import { coverLook, coverVariants, drawCover, type CoverVariant } from './covers/draw.ts';
import { isKept, picturesFolder, readPicture, removePicture } from './pictures/kept.ts';

export interface Covers {
  /**
   * The cover of a key; made in all its variants on first request, then read from `<home>/covers`.
   * One key and variant, one picture, the same bytes. Undefined for what is not a key.
   *
   * @param variant - default: JPEG, 640 x 640
   */
  image(key: string, variant?: CoverVariant): Promise<Buffer | undefined>;
  /**
   * Makes the cover of a key, all variants, unless it is kept already. A picture that is not kept
   * here is left to the first request.
   *
   * @returns whether it was made by this call
   */
  ahead(key: string): Promise<boolean>;
}

/** Covers made at a time; pixels are the least urgent work of all. */
const atOnce = 2;

export function openCovers({ home, log }: { readonly home: string; readonly log: Log }): Covers {
  const limit = pLimit(atOnce);
  const underWay = new Map<string, Promise<readonly Buffer[]>>();

  const pathOf = (key: string, variant: CoverVariant) =>
    join(coverFolder(home, key), `${key}-${variantTag(variant)}`);
  const pictureOf = async (picture: string | undefined) =>
    picture === undefined ? undefined : readPicture(picturesFolder(home), picture);

  async function make(key: string): Promise<readonly Buffer[]> {
    const { picture, seed, week } = parseCoverKey(key)!;
    const bytes = await pictureOf(picture);
    const { images, refused } = await drawCover({ seed, week, picture: bytes });
    if (refused !== undefined) log.warn({ key, reason: refused }, 'cover: generated');
    // A picture that is kept elsewhere may be here next time: only its own cover is final.
    if (picture !== undefined && bytes === undefined) return images;
    await mkdir(coverFolder(home, key), { recursive: true });
    // The first variant is written last: where it is, all are.
    for (let v = images.length - 1; v >= 0; v--) {
      await writeFileAtomic(pathOf(key, coverVariants[v]!), images[v]!, { fsync: false });
    }
    return images;
  }

  function makeOnce(key: string): Promise<readonly Buffer[]> {
    let making = underWay.get(key);
    if (making === undefined) {
      making = limit(() => make(key)).finally(() => underWay.delete(key));
      underWay.set(key, making);
    }
    return making;
  }

  return {
    async image(key, variant = coverVariants[0]!) {
      if (parseCoverKey(key) === undefined) return undefined;
      try {
        return await readFile(pathOf(key, variant));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
      const images = await makeOnce(key);
      const { side, format } = variant;
      return images[coverVariants.findIndex((v) => v.side === side && v.format === format)];
    },
    async ahead(key) {
      const parts = parseCoverKey(key);
      if (parts === undefined || (await isThere(pathOf(key, coverVariants[0]!)))) return false;
      const { picture } = parts;
      if (picture !== undefined && !isKept(picturesFolder(home), picture)) return false;
      await makeOnce(key);
      return true;
    },
  };
}

/** What tells a file of a cover from the others, and from those of another look: `640-l2.jpeg`. */
export function variantTag({ side, format }: CoverVariant): string {
  return `${side}-l${coverLook}.${format}`;
}

/**
 * Deletes a picture, by its hash, and what was drawn from it. Covers that are asked for again are
 * generated from the hash.
 */
export async function forgetPicture(home: string, hash: string): Promise<void> {
  await removePicture(picturesFolder(home), hash);
  await forgetCovers(home, `p-${hash}-`);
}

/** Deletes the covers whose keys start so (a whole key, or `p-` and a picture's hash), all variants. */
export async function forgetCovers(home: string, keyStart: string): Promise<void> {
  if (!/^[pg]-[0-9a-f]{32}-/.test(keyStart)) return;
  const folder = coverFolder(home, keyStart);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (name.startsWith(keyStart)) await rm(join(folder, name), { force: true });
  }
}

function coverFolder(home: string, key: string): string {
  return join(home, 'covers', key.slice(2, 4));
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
