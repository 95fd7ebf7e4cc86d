import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import { deflateSync, crc32 } from 'node:zlib';
import { Unavailable } from '../../pipelines/delivery/ports.ts';
import { cleanPicture, RefusedPicture, uploadLimits } from '../../infra/pictures/clean.ts';

/** A picture red at the left and blue at the right, 200 x 100. */
const halves = () =>
  sharp(
    Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"><rect width="100" height="100" fill="#f00"/><rect x="100" width="100" height="100" fill="#00f"/></svg>',
    ),
  );

async function refusal(bytes: Buffer): Promise<[number, string]> {
  const error = await cleanPicture(bytes).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RefusedPicture)) throw new Error('expected a refusal');
  expect(error.message).not.toContain('\n');
  return [error.status, error.message];
}

test('JPEG, PNG and WebP are kept as JPEG, the same bytes each time', async () => {
  for (const format of ['jpeg', 'png', 'webp'] as const) {
    const bytes = await halves().toFormat(format).toBuffer();
    const { bytes: kept, width, height } = await cleanPicture(bytes);
    expect([width, height]).toEqual([200, 100]);
    expect((await sharp(kept).metadata()).format).toBe('jpeg');
    expect((await cleanPicture(bytes)).bytes.equals(kept)).toBe(true);
  }
});

test('metadata is not kept, a turned picture is upright, and what hangs behind the end is gone', async () => {
  const secret = 'GPS 52.5200 13.4050';
  const bytes = await halves()
    .withExif({ IFD0: { Copyright: secret, ImageDescription: secret } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  const withTail = Buffer.concat([bytes, Buffer.from('<script>tail</script>')]);
  expect((await sharp(withTail).metadata()).orientation).toBe(6);
  const { bytes: kept, width, height } = await cleanPicture(withTail);
  expect([width, height]).toEqual([100, 200]);
  expect(kept.includes('GPS')).toBe(false);
  expect(kept.includes('script')).toBe(false);
  const { exif, xmp, iptc, icc } = await sharp(kept).metadata();
  expect([exif, xmp, iptc, icc]).toEqual([undefined, undefined, undefined, undefined]);
});

test('a large picture is made smaller', async () => {
  const create = { width: 3000, height: 1500, channels: 3, background: '#48c' } as const;
  const { width, height } = await cleanPicture(await sharp({ create }).jpeg().toBuffer());
  expect([width, height]).toEqual([1024, 512]);
});

/** A PNG of some KB that unpacks to 60,000 x 60,000 pixels, or says so. */
function bomb(): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(60_000, 0);
  head.writeUInt32BE(60_000, 4);
  head.set([1, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.alloc(1_000_000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

test('what is too large, too small, broken or no picture is refused with its reason', async () => {
  const png = await halves().png().toBuffer();
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"/>');
  const [tooMany] = await refusal(Buffer.concat([png, Buffer.alloc(uploadLimits.maxBytes)]));
  expect(tooMany).toBe(413);
  expect(await refusal(bomb())).toEqual([413, 'picture: expected up to 40000000 pixels, got more']);
  expect((await refusal(svg))[0]).toBe(415);
  expect((await refusal(await halves().gif().toBuffer()))[0]).toBe(415);
  expect((await refusal(await halves().resize(63, 200).png().toBuffer()))[0]).toBe(422);
  expect((await refusal(png.subarray(0, png.length - 200)))[0]).toBe(422);
  expect((await refusal(Buffer.concat([png.subarray(0, 8), svg])))[0]).toBe(422);
  expect((await refusal(Buffer.from('\xff\xd8\xff', 'latin1')))[0]).toBe(422);
});

test('more pictures than can wait are refused for now, and those that wait are cleaned', async () => {
  const png = await halves().png().toBuffer();
  const crowd = await Promise.allSettled(Array.from({ length: 50 }, () => cleanPicture(png)));
  const refused = crowd.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
  expect(crowd.length - refused.length).toBeGreaterThanOrEqual(32);
  expect(refused.length).toBeGreaterThan(0);
  for (const error of refused) expect(error).toBeInstanceOf(Unavailable);
  await expect(cleanPicture(png)).resolves.toMatchObject({ width: 200 });
});
