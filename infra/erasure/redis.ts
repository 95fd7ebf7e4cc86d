import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { scrubJson, type NameFinder } from './names.ts';

/**
 * Takes a listener out of all keys of a namespace: keys that name them are deleted, what names them
 * in a value leaves it.
 *
 * @param alsoNames - keys of covers that were made for them
 * @returns keys that were deleted or changed
 */
export async function eraseFromRedis(
  redis: Redis,
  namespace: string,
  finder: NameFinder,
  alsoNames: ReadonlySet<string>,
): Promise<number> {
  const isName = (text: string) => text === finder.listener || alsoNames.has(text);
  const names = [...alsoNames].map((name) => Buffer.from(name));
  const isIn = (value: Buffer) =>
    finder.isInBytes(value) || names.some((name) => value.includes(name));
  const scrubbed = (value: Buffer) => scrubJson(value.toString(), finder, isName);
  let changed = 0;
  await eachKey(redis, namespace, async (key) => {
    if (finder.isIn(key)) {
      changed += await redis.unlink(key);
      return;
    }
    const before = changed;
    const type = await redis.type(key);
    if (type === 'string') {
      const value = await redis.getBuffer(key);
      if (value !== null && isIn(value)) changed += await redis.unlink(key);
    } else if (type === 'hash') {
      for (const [field, value] of Object.entries(await redis.hgetallBuffer(key))) {
        if (!isIn(value)) continue;
        await redis.hset(key, field, scrubbed(value));
        changed = before + 1;
      }
    } else if (type === 'list') {
      for (const value of await redis.lrangeBuffer(key, 0, -1)) {
        if (isIn(value)) changed = before + Math.min(1, await redis.lrem(key, 0, value));
      }
    } else if (type === 'set') {
      for (const value of await redis.smembersBuffer(key)) {
        if (isIn(value)) changed = before + Math.min(1, await redis.srem(key, value));
      }
    } else if (type === 'zset') {
      for (const value of await redis.zrangeBuffer(key, '0', '-1')) {
        if (isIn(value)) changed = before + Math.min(1, await redis.zrem(key, value));
      }
    } else if (type === 'stream') {
      for (const [id, fields] of await redis.xrange(key, '-', '+')) {
        if (!fields.some((field) => finder.isIn(field))) continue;
        await redis.xdel(key, id);
        changed = before + 1;
      }
    }
  });
  return changed;
}

/** So long it is waited for Redis to write its file anew, milliseconds. */
const rewritingMs = 120_000;

/**
 * What was deleted is still in Redis' file of commands until that is written anew: has it done, and
 * waits for it. A Redis that does not let us is left alone.
 */
export async function rewriteCommands(redis: Redis, signal?: AbortSignal): Promise<void> {
  const until = performance.now() + rewritingMs;
  const isRewriting = async () =>
    /^aof_rewrite_(in_progress|scheduled):1/m.test(await redis.info('persistence'));
  for (;;) {
    // One that goes on may have begun before what was deleted was.
    while ((await isRewriting()) && performance.now() < until) {
      await pause(50, undefined, signal && { signal });
    }
    try {
      await redis.bgrewriteaof();
      break;
    } catch (error) {
      const isBusy = /progress/i.test((error as Error).message);
      if (!isBusy || performance.now() > until) return;
    }
  }
  while ((await isRewriting()) && performance.now() < until) {
    await pause(50, undefined, signal && { signal });
  }
}

/** Where the namespace names a listener; keys without the id. */
export async function searchRedis(
  redis: Redis,
  namespace: string,
  finder: NameFinder,
): Promise<string[]> {
  const found: string[] = [];
  await eachKey(redis, namespace, async (key) => {
    const tell = () => found.push(`Redis: ${finder.without(key)}`);
    if (finder.isIn(key)) return void tell();
    const values = await valuesOf(redis, key);
    if (values.some((value) => finder.isInBytes(value))) tell();
  });
  return found;
}

async function valuesOf(redis: Redis, key: string): Promise<Buffer[]> {
  switch (await redis.type(key)) {
    case 'string':
      return [(await redis.getBuffer(key)) ?? Buffer.alloc(0)];
    case 'hash':
      return Object.values(await redis.hgetallBuffer(key));
    case 'list':
      return redis.lrangeBuffer(key, 0, -1);
    case 'set':
      return redis.smembersBuffer(key);
    case 'zset':
      return redis.zrangeBuffer(key, '0', '-1');
    case 'stream':
      return (await redis.xrange(key, '-', '+')).flatMap(([, fields]) =>
        fields.map((field) => Buffer.from(field)),
      );
    default:
      return [];
  }
}

async function eachKey(
  redis: Redis,
  namespace: string,
  work: (key: string) => Promise<void>,
): Promise<void> {
  const escaped = namespace.replaceAll(/[*?[\]\\]/g, String.raw`\$&`);
  for await (const keys of redis.scanStream({ match: `${escaped}:*`, count: 1000 })) {
    for (const key of keys as string[]) await work(key);
  }
}
