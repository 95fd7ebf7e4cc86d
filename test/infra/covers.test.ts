import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { openCovers } from '../../infra/covers.ts';
import { drawCover } from '../../infra/covers/draw.ts';
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

test('a cover is a JPEG of 640 x 640, the same bytes each time', async () => {
  for (const picture of [undefined, portrait]) {
    const first = await drawCover({ seed: hash, week, picture });
    const second = await drawCover({ seed: hash, week, picture });
    expect(first.refused).toBeUndefined();
    expect(first.image.equals(second.image)).toBe(true);
    const { format, width, height } = await sharp(first.image).metadata();
    expect({ format, width, height }).toEqual({ format: 'jpeg', width: 640, height: 640 });
  }
});

test('covers differ by listener and by week', async () => {
  const images = await Promise.all(
    [
      { seed: hash, week },
      { seed: hash.replace('0', 'f'), week },
      { seed: hash, week: '2014-W37' },
    ].map(async (cover) => (await drawCover(cover)).image.toString('base64')),
  );
  expect(new Set(images).size).toBe(3);
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
  expect(drawn.image.equals((await drawCover({ seed: hash, week })).image)).toBe(true);
});

test('is made on first request and kept; what is no key is nothing', async () => {
  const covers = openCovers({ home, log });
  const key = coverKey('anna', week, undefined);
  const [first, second] = await Promise.all([covers.image(key), covers.image(key)]);
  expect(second!.equals(first!)).toBe(true);
  const path = join(home, 'covers', key.slice(2, 4), `${key}.jpg`);
  expect((await readFile(path)).equals(first!)).toBe(true);
  await writeFile(path, 'kept');
  expect((await covers.image(key))!.toString()).toBe('kept');
  expect(await covers.image('../../etc/passwd')).toBeUndefined();
});

test('of a picture uses it, once it is there', async () => {
  const covers = openCovers({ home, log });
  const key = coverKey('anna', week, hash);
  const without = await covers.image(key);
  await mkdir(join(home, 'pictures'), { recursive: true });
  await writeFile(join(home, 'pictures', hash), portrait);
  const withPicture = await covers.image(key);
  expect(withPicture!.equals(without!)).toBe(false);
  expect(
    withPicture!.equals((await drawCover({ seed: hash, week, picture: portrait })).image),
  ).toBe(true);
});
