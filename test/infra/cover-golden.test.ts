import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import { coverVariants, drawCover } from '../../infra/covers/draw.ts';

/** What covers look like: to be looked at, and replaced, when they are meant to look otherwise. */
const folder = join(import.meta.dirname, '../fixtures/covers');
const seed = '0123456789abcdef'.repeat(2);

/** A landscape of ours. */
const scene = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="200"><rect width="300" height="200" fill="#e8a87c"/><circle cx="200" cy="80" r="35" fill="#fff3d0"/><path d="M0 200L80 90L140 150L180 100L300 200Z" fill="#2d4a3e"/></svg>',
);

async function coverOf(kind: string, week: string) {
  const picture = kind === 'picture' ? await sharp(scene).png().toBuffer() : undefined;
  return drawCover({ seed, week, picture });
}

/** Mean and largest difference of two images' parts, 0..255. */
async function difference(a: Buffer, b: Buffer): Promise<{ mean: number; most: number }> {
  const [one, other] = await Promise.all([a, b].map((image) => sharp(image).raw().toBuffer()));
  expect(one!.length).toBe(other!.length);
  let [sum, most] = [0, 0];
  for (let i = 0; i < one!.length; i++) {
    const distance = Math.abs(one![i]! - other![i]!);
    sum += distance;
    most = Math.max(most, distance);
  }
  return { mean: sum / one!.length, most };
}

test.each(['mosaic', 'picture'])('a cover of a %s looks as it did', async (kind) => {
  const { images } = await coverOf(kind, '2014-W36');
  for (const [v, { side, format }] of coverVariants.entries()) {
    if (side !== 160) continue;
    const golden = await readFile(join(folder, `${kind}-${side}.${format}`));
    // Processors differ in the last digit of what they decode and blend.
    const { mean, most } = await difference(images[v]!, golden);
    expect(mean).toBeLessThan(0.5);
    expect(most).toBeLessThan(24);
  }
  const other = await coverOf(kind, '2014-W37');
  const at160 = coverVariants.findIndex(({ side }) => side === 160);
  expect((await difference(images[at160]!, other.images[at160]!)).mean).toBeGreaterThan(5);
});
