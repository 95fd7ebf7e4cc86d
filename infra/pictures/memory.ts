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

/**
 * Marks in Redis under `<namespace>:picture:<user>`; what cannot be read counts as unknown. Users
 * who are asked for at the same time are asked for together.
 */
export function redisPictureMemory(redis: Redis, namespace: string): PictureMemory {
  const keyOf = (user: string) => `${namespace}:picture:${user}`;
  let asked: { readonly keys: string[]; readonly texts: Promise<(string | null)[]> } | undefined;

  async function text(user: string): Promise<string | null> {
    if (asked === undefined) {
      const keys: string[] = [];
      const texts = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        asked = undefined;
        return redis.mget(keys);
      });
      asked = { keys, texts };
    }
    const at = asked.keys.push(keyOf(user)) - 1;
    return (await asked.texts)[at] ?? null;
  }

  return {
    async get(user) {
      const found = await text(user);
      if (found === null) return undefined;
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
