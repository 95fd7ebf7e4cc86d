import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { PictureMemory } from '../pictures.ts';

const mark = z.object({
  hash: z.string().regex(/^[0-9a-f]{32}$/),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
});

/** Five weeks: somebody who gets a list every week is never forgotten. */
const keepSeconds = 35 * 24 * 3600;

/** Marks in Redis under `<namespace>:picture:<user>`; what cannot be read counts as unknown. */
export function redisPictureMemory(redis: Redis, namespace: string): PictureMemory {
  const key = (user: string) => `${namespace}:picture:${user}`;
  return {
    async get(user) {
      const text = await redis.get(key(user));
      if (text === null) return undefined;
      try {
        return mark.parse(JSON.parse(text));
      } catch {
        return undefined;
      }
    },
    async set(user, value) {
      await redis.set(key(user), JSON.stringify(value), 'EX', keepSeconds);
    },
  };
}
