import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { forgetPicture, openCovers, variantTag } from '../../infra/covers.ts';
import { contrast } from '../../infra/covers/colours.ts';
import { coverVariants, drawCover } from '../../infra/covers/draw.ts';
import { lettering } from '../../infra/covers/lettering.ts';
import { paletteOf } from '../../infra/covers/palette.ts';
import { coverKey } from '../../pipelines/delivery/cover.ts';

const week = '2014-W36';
const hash = '0123456789abcdef'.repeat(2);
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
let home: string;
let portrait: Buffer;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'covers-'));
  portrait = await sharp({
    create: {
      width: 300,
      height: 500,
      channels: 4,
      background: { r: 20, g: 200, b: 90, alpha: 0.5 },
    },
  })
    .png()
    .toBuffer();
});

afterAll(() => rm(home, { recursive: true }));

test('a cover is JPEG and WebP in three sizes, the same bytes each time', async () => {
  for (const picture of [undefined, portrait]) {
    const first = await drawCover({ seed: hash, week, picture });
    const second = await drawCover({ seed: hash, week, picture });
    expect(first.refused).toBeUndefined();
    expect(first.images.map(digest)).toEqual(second.images.map(digest));
    const kinds = await Promise.all(
      first.images.map(async (image) => {
        const { format, width, height } = await sharp(image).metadata();
        return `${format} ${width} x ${height}`;
      }),
    );
    expect(kinds).toEqual(
      [640, 320, 160].flatMap((side) => [`jpeg ${side} x ${side}`, `webp ${side} x ${side}`]),
    );
  }
});

function digest(image: Buffer): string {
  return createHash('sha256').update(image).digest('hex');
}

test('covers differ by listener, by week and by picture', async () => {
  const covers = [
    { seed: hash, week },
    { seed: hash.replace('0', 'f'), week },
    { seed: hash, week: '2014-W37' },
    { seed: hash, week, picture: portrait },
    { seed: hash, week: '2014-W37', picture: portrait },
  ];
  const images = await Promise.all(covers.map(async (cover) => (await drawCover(cover)).images));
  for (let v = 0; v < coverVariants.length; v++) {
    expect(new Set(images.map((variants) => digest(variants[v]!))).size).toBe(covers.length);
  }
});

test('no two weeks in a row look the same, over the turn of the year too', () => {
  const weeks = ['2014-W51', '2014-W52', '2015-W01', '2015-W53', '2016-W01', '2016-W02'];
  for (let i = 1; i < weeks.length; i++) {
    expect(paletteOf(weeks[i]!)).not.toEqual(paletteOf(weeks[i - 1]!));
  }
});

test('a picture that cannot be read gives a generated cover', async () => {
  const broken = Buffer.concat([portrait.subarray(0, 60), Buffer.alloc(50)]);
  const drawn = await drawCover({ seed: hash, week, picture: broken });
  expect(drawn.refused).toBeDefined();
  expect(drawn.images).toEqual((await drawCover({ seed: hash, week })).images);
});

test('is made on first request and kept; what is no key is nothing', async () => {
  const covers = openCovers({ home, log });
  const key = coverKey('anna', week, undefined);
  const [first, second] = await Promise.all([covers.image(key), covers.image(key)]);
  expect(second!.equals(first!)).toBe(true);
  const kept = (await readdir(join(home, 'covers', key.slice(2, 4)))).sort();
  expect(kept).toEqual(coverVariants.map((variant) => `${key}-${variantTag(variant)}`).sort());
  for (const variant of coverVariants) {
    const path = join(home, 'covers', key.slice(2, 4), `${key}-${variantTag(variant)}`);
    expect((await readFile(path)).equals((await covers.image(key, variant))!)).toBe(true);
    await writeFile(path, variantTag(variant));
    expect((await covers.image(key, variant))!.toString()).toBe(variantTag(variant));
  }
  expect(await covers.image('../../etc/passwd')).toBeUndefined();
});

test('of a picture uses it, once it is there, and not when it is forgotten', async () => {
  const covers = openCovers({ home, log });
  const key = coverKey('anna', week, hash);
  const without = await covers.image(key);
  await mkdir(join(home, 'pictures'), { recursive: true });
  await writeFile(join(home, 'pictures', hash), portrait);
  const withPicture = await covers.image(key);
  expect(withPicture!.equals(without!)).toBe(false);
  const drawn = await drawCover({ seed: hash, week, picture: portrait });
  expect(withPicture!.equals(drawn.images[0]!)).toBe(true);
  await forgetPicture(home, hash);
  expect(await readdir(join(home, 'pictures'))).toEqual([]);
  expect((await covers.image(key))!.equals(without!)).toBe(true);
});

test('the same picture of two listeners is drawn once', async () => {
  await mkdir(join(home, 'pictures'), { recursive: true });
  await writeFile(join(home, 'pictures', hash), portrait);
  const covers = openCovers({ home, log });
  expect(await covers.ahead(coverKey('anna', week, hash))).toBe(true);
  expect(await covers.ahead(coverKey('ben', week, hash))).toBe(false);
});

test.each([
  ['light', '#ffffff'],
  ['dark', '#000000'],
  ['coloured', '#ffd400'],
])(
  'the week is legible on a %s picture, in every size, and nothing of it is cut',
  async (_, background) => {
    const picture = await sharp({ create: { width: 200, height: 200, channels: 3, background } })
      .png()
      .toBuffer();
    for (const weekOfLook of ['2014-W38', '2020-W53']) {
      const { images } = await drawCover({ seed: hash, week: weekOfLook, picture });
      for (const [v, { side }] of coverVariants.entries()) {
        const letters = await sharp(
          Buffer.from(lettering(weekOfLook, paletteOf(weekOfLook), side, false)),
        )
          .ensureAlpha()
          .raw()
          .toBuffer();
        const pixels = await sharp(images[v]).raw().toBuffer();
        expect(lettersAtEdge(letters, side)).toBe(0);
        const ratios = contrasts(letters, pixels, side);
        expect(ratios.length).toBeGreaterThan(side / 10);
        // WCAG 2.2 asks for 3 of letters as large as these.
        expect(Math.min(...ratios)).toBeGreaterThan(3);
      }
    }
  },
);

/** Pixels with some ink in the outer twenty-fifth of a side. */
function lettersAtEdge(letters: Buffer, side: number): number {
  const margin = Math.floor(side / 25);
  let count = 0;
  for (let p = 0; p < side * side; p++) {
    const [x, y] = [p % side, Math.floor(p / side)];
    const isAtEdge = Math.min(x, y, side - 1 - x, side - 1 - y) < margin;
    if (isAtEdge && letters[p * 4 + 3]! > 0) count++;
  }
  return count;
}

/** Of each row with full ink: that of its first inked pixel to the ground at the left edge. */
function contrasts(letters: Buffer, pixels: Buffer, side: number): number[] {
  const rgb = (p: number) => [pixels[p * 3]!, pixels[p * 3 + 1]!, pixels[p * 3 + 2]!] as const;
  const ratios: number[] = [];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const p = y * side + x;
      if (letters[p * 4 + 3] !== 255) continue;
      ratios.push(contrast(rgb(p), rgb(y * side + 2)));
      break;
    }
  }
  return ratios;
}
