import type { Redis } from 'ioredis';

/** An answer as it is cached: ready to be sent. */
export interface CachedAnswer {
  readonly etag: string;
  readonly body: string;
  /** Milliseconds since 1970 until which it is the current one: the next list's Monday. */
  readonly until: number;
}

/** Current lists, ready to be sent, so that most requests do not reach MongoDB. */
export interface ListCache {
  /** What is cached, and the generation with which a new answer must be `put`. */
  get(user: string, now: number): Promise<{ answer: CachedAnswer | undefined; generation: string }>;
  /** Keeps an answer, unless the user's lists have changed since `generation` was read. */
  put(user: string, generation: string, answer: CachedAnswer): Promise<void>;
  /** Called after the user's lists have changed: what is cached is gone at once. */
  forget(users: readonly string[]): Promise<void>;
}

const keepSeconds = 86_400;

/** Sets the answer only where the generation is still the one that was read before the lookup. */
const putIfSame = `
  if (redis.call('HGET', KEYS[1], 'generation') or '') ~= ARGV[1] then return 0 end
  redis.call('HSET', KEYS[1], 'answer', ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  return 1`;

/**
 * One hash for each user: `generation`, raised by every change, and `answer`. A reader that looked
 * up MongoDB before a change can no longer put what it found.
 */
export function openListCache(redis: Redis, namespace: string): ListCache {
  const keyOf = (user: string) => `${namespace}:current:${user}`;
  return {
    async get(user, now) {
      const [generation, text] = await redis.hmget(keyOf(user), 'generation', 'answer');
      const answer =
        text === null || text === undefined ? undefined : (JSON.parse(text) as CachedAnswer);
      return {
        generation: generation ?? '',
        answer: answer !== undefined && now < answer.until ? answer : undefined,
      };
    },
    async put(user, generation, answer) {
      await redis.eval(putIfSame, 1, keyOf(user), generation, JSON.stringify(answer), keepSeconds);
    },
    async forget(users) {
      const pipeline = redis.pipeline();
      for (const user of users) {
        const key = keyOf(user);
        pipeline.hincrby(key, 'generation', 1).hdel(key, 'answer').expire(key, keepSeconds);
      }
      const results = await pipeline.exec();
      const failed = results?.find(([error]) => error !== null);
      if (failed?.[0]) throw failed[0];
    },
  };
}
