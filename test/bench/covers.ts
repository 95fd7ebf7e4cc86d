/**
 * What covers cost, which are drawn apart from the lists and never hold one up:
 *
 *     npm run bench:covers [-- --covers 100] [--json]
 *
 * Every cover is drawn in all its variants, two at a time as `openCovers` does, and written to disk.
 * Mosaics first, then covers of pictures: JPEGs of 1,000 x 1,000 pixels, each another one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { openCovers } from '../../infra/covers.ts';
import { coverVariants, type CoverVariant } from '../../infra/covers/draw.ts';
import { keepPicture, picturesFolder } from '../../infra/pictures/kept.ts';
import { createLog } from '../../infra/log.ts';
import { coverKey } from '../../pipelines/delivery/cover.ts';

const week = '2030-W20';
const side = 1000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      covers: { type: 'string', default: '100' },
      json: { type: 'boolean', default: false },
    },
  });
  const numCovers = Number(values.covers);
  const home = await mkdtemp(join(tmpdir(), 'bench-covers-'));
  try {
    const covers = openCovers({ home, log: createLog('warn') });
    const users = Array.from({ length: numCovers }, (_, n) => `listener-${n}`);
    const mosaics = users.map((user) => coverKey(user, week, undefined));
    const pictures: string[] = [];
    for (let n = 0; n < numCovers; n++) {
      const hash = await keepPicture(picturesFolder(home), await pictureOf(n));
      pictures.push(coverKey(users[n]!, week, hash));
    }
    const results: Record<string, unknown> = {};
    for (const [what, keys] of Object.entries({ mosaics, pictures })) {
      await covers.ahead(keys[0]!); // libraries are loaded
      const cpu = process.cpuUsage();
      const began = performance.now();
      const made = await Promise.all(keys.slice(1).map((key) => covers.ahead(key)));
      const seconds = (performance.now() - began) / 1000;
      const { user, system } = process.cpuUsage(cpu);
      const count = made.filter(Boolean).length;
      const read = performance.now();
      for (const key of keys) await covers.image(key);
      results[what] = {
        covers: count,
        perSecond: count / seconds,
        cpuMs: (user + system) / 1000 / count,
        kilobytes: await kilobytesOf((variant) => covers.image(keys[1]!, variant)),
        readMs: (performance.now() - read) / keys.length,
      };
    }
    if (values.json) return void process.stdout.write(`${JSON.stringify(results)}\n`);
    for (const [what, figures] of Object.entries(results)) {
      const told = Object.entries(figures as Record<string, number>).map(
        ([name, value]) => `${name} ${value.toFixed(1)}`,
      );
      process.stdout.write(`${what.padEnd(9)}${told.join(', ')}\n`);
    }
  } finally {
    await rm(home, { recursive: true });
  }
}

/** Of all variants of a cover together. */
async function kilobytesOf(
  image: (variant: CoverVariant) => Promise<Buffer | undefined>,
): Promise<number> {
  const images = await Promise.all(coverVariants.map(image));
  return images.reduce((sum, bytes) => sum + bytes!.length, 0) / 1024;
}

/** Blurred noise, which is as hard to encode as a photograph. */
function pictureOf(n: number): Promise<Buffer> {
  const size = side / 10;
  const pixels = Buffer.alloc(size * size * 3);
  let state = n + 1;
  for (let p = 0; p < pixels.length; p++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    pixels[p] = state >>> 24;
  }
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
    .resize(side, side)
    .jpeg()
    .toBuffer();
}

await main();
