import type { Redis } from 'ioredis';
import { z } from 'zod';
import { gather } from '../gather.ts';
import type { PictureMemory } from './fetched.ts';

const page = z.object({ etag: z.string().optional(), lastModified: z.string().optional() });
const mark = page.extend({
  hash: z.string().regex(/^[0-9a-f]{32}$/),
  address: z.string().optional(),
  since: z.number().optional(),
  page: page.optional(),
});

/** Five weeks: somebody who gets a list every week is never forgotten. */
const keepSeconds = 35 * 24 * 3600;

/** Providers that fetch, as {@link redisPictureMemory} is told them. */
const fetchingProviders = [undefined, 'profile', 'lookup'];

/** Hashes of the pictures that were fetched last for a user, by any provider; ascending. */
export async function rememberedPictures(
  redis: Redis,
  namespace: string,
  user: string,
): Promise<string[]> {
  const found = await Promise.all(
    fetchingProviders.map((provider) => redisPictureMemory(redis, namespace, provider).get(user)),
  );
  return [...new Set(found.flatMap((one) => one?.hash ?? []))].sort();
}

/**
 * Marks in Redis under `<namespace>:picture:<user>`, of other providers than the first
 * `<namespace>:picture-<provider>:<user>`; what cannot be read counts as unknown. Users who are asked
 * for at the same time are asked for together.
 */
export function redisPictureMemory(
  redis: Redis,
  namespace: string,
  provider?: string,
): PictureMemory {
  const kind = provider === undefined ? 'picture' : `picture-${provider}`;
  const keyOf = (user: string) => `${namespace}:${kind}:${user}`;
  const texts = gather(async (users) => {
    const found = await redis.mget(users.map(keyOf));
    return new Map(users.map((user, n) => [user, found[n] ?? undefined]));
  });

  return {
    async get(user) {
      const found = (await texts([user])).get(user);
      if (found === undefined) return undefined;
      try {
        return mark.parse(JSON.parse(found));
      } catch {
        return undefined;
      }
    },
    async set(user, value) {
      await redis.set(keyOf(user), JSON.stringify(value), 'EX', keepSeconds);
    },
  };
}
