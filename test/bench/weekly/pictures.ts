import { createHash } from 'node:crypto';
import { keepPicture, picturesFolder } from '../../../infra/pictures/kept.ts';
import { redisPictureMemory } from '../../../infra/pictures/memory.ts';
import { openRedis } from '../../../infra/redis.ts';

const sharePercent = 30;
const numPictures = 64;

export interface BenchPicture {
  readonly bytes: Buffer;
  readonly etag: string;
}

const pictures = Array.from({ length: numPictures }, (_, n): BenchPicture => {
  const noise = Array.from({ length: 256 }, (_, part) =>
    createHash('sha256').update(`${n} ${part}`).digest(),
  );
  const bytes = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...noise]);
  return { bytes, etag: `"picture-${n}"` };
});

/** One of 64 of 8 KB for 30 % of the listeners; undefined for the others. */
export function pictureOf(user: string): BenchPicture | undefined {
  const drawn = createHash('sha256').update(user).digest().readUInt32LE(0);
  return drawn % 100 < sharePercent ? pictures[(drawn >>> 8) % numPictures] : undefined;
}

/** As a week before leaves it: whose picture was seen is known with its tag, and kept. */
export async function rememberPictures(
  users: AsyncIterable<readonly string[]>,
  { home, redisUrl, namespace }: { home: string; redisUrl: string; namespace: string },
): Promise<void> {
  const folder = picturesFolder(home);
  const hashes = new Map<BenchPicture, string>();
  for (const picture of pictures) hashes.set(picture, await keepPicture(folder, picture.bytes));
  const redis = await openRedis(redisUrl);
  try {
    const memory = redisPictureMemory(redis.client, namespace);
    for await (const some of users) {
      await Promise.all(
        some.map(async (user) => {
          const picture = pictureOf(user);
          if (picture === undefined) return;
          await memory.set(user, { hash: hashes.get(picture)!, etag: picture.etag });
        }),
      );
    }
  } finally {
    await redis.dispose();
  }
}
