import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { gather } from './gather.ts';

/** An answer as it is cached: ready to be sent. */
export interface CachedAnswer {
  readonly etag: string;
  /** JSON; in UTF-8 where it comes from the cache. */
  readonly body: string | Buffer;
  /** Milliseconds since 1970 until which it is the current one: the next list's Monday. */
  readonly until: number;
}

/** Current lists, ready to be sent, so that most requests do not reach MongoDB. */
export interface ListCache {
  /** What is cached, or else the lease with which a new answer must be `put`. */
  get(
    user: string,
    now: number,
  ): Promise<
    | { readonly answer: CachedAnswer; readonly lease?: undefined }
    | { readonly answer?: undefined; readonly lease: string }
  >;
  /** Keeps an answer, unless the user's lists have changed since the lease was given. */
  put(user: string, lease: string, answer: CachedAnswer): Promise<void>;
  /** Called after the users' lists have changed: what is cached is gone at once. */
  forget(users: readonly string[]): Promise<void>;
}

const keepSeconds = 86_400;
/** A lookup in MongoDB takes no longer; what comes later is not kept. */
const leaseSeconds = 10;

/** What is there under each key; where nothing is, the lease is from then on. */
const getOrLease = `
  local found = redis.call('MGET', unpack(KEYS))
  for at, key in ipairs(KEYS) do
    if not found[at] then redis.call('SET', key, ARGV[1], 'EX', ARGV[2]) end
  end
  return found`;

/** For each key a lease and a value. */
const putIfLeased = `
  for at, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[2 * at] then
      redis.call('SET', key, ARGV[2 * at + 1], 'EX', ARGV[1])
    end
  end`;

/** What `defineCommand` adds: the scripts, sent once and then named by their digests. */
interface Scripts {
  getOrLeaseBuffer(numKeys: number, ...keysAndArguments: unknown[]): Promise<(Buffer | null)[]>;
  putIfLeased(numKeys: number, ...keysAndArguments: unknown[]): Promise<null>;
}

const leaseMark = 'lease:';
/** Of one round trip: some 700 KB, which Redis gives out in a millisecond. */
const maxKeys = 100;

/**
 * One key for each user who was asked for: a lease, then an answer. A change deletes either, so a
 * reader who looked up MongoDB before it can no longer put what it found (the leases of Nishtala et
 * al., Scaling Memcache at Facebook, 2013). Nothing is kept of users whom nobody asks for.
 */
export function openListCache(redis: Redis, namespace: string): ListCache {
  redis.defineCommand('getOrLease', { lua: getOrLease });
  redis.defineCommand('putIfLeased', { lua: putIfLeased });
  const scripts = redis as unknown as Scripts;
  const keyOf = (user: string) => `${namespace}:current:${user}`;

  // A round trip costs the processor as much as all else: the busier, the more share one.
  const look = gather(async (keys) => {
    const lease = leaseMark + randomUUID();
    const found = await scripts.getOrLeaseBuffer(keys.length, ...keys, lease, leaseSeconds);
    return new Map(keys.map((key, at) => [key, found[at] ?? lease]));
  }, maxKeys);
  const waiting = new Map<string, readonly [lease: string, value: string]>();
  const write = gather<undefined>(async (asked) => {
    // What was put twice is written once, with what was put last.
    const keys = asked.filter((key) => waiting.has(key));
    const values = keys.flatMap((key) => waiting.get(key)!);
    for (const key of keys) waiting.delete(key);
    if (keys.length > 0) {
      await scripts.putIfLeased(keys.length, ...keys, keepSeconds, ...values);
    }
    return new Map<string, undefined>();
  }, maxKeys);

  return {
    async get(user, now) {
      const key = keyOf(user);
      const found = (await look([key])).get(key)!;
      if (typeof found === 'string') return { lease: found };
      const answer = readAnswer(found);
      // The lease of another reader: what was looked up since it was given is as good as theirs.
      if (answer === undefined) return { lease: found.toString() };
      if (now < answer.until) return { answer };
      const lease = leaseMark + randomUUID();
      await redis.set(key, lease, 'EX', leaseSeconds);
      return { lease };
    },
    async put(user, lease, answer) {
      const key = keyOf(user);
      waiting.set(key, [lease, writeAnswer(answer)]);
      await write([key]);
    },
    async forget(users) {
      if (users.length > 0) await redis.unlink(users.map(keyOf));
    },
  };
}

/** A line with the tag and the end, then the body as it is. */
function writeAnswer({ etag, body, until }: CachedAnswer): string {
  return `${until} ${etag}\n${body.toString()}`;
}

/** Undefined for a lease. */
function readAnswer(bytes: Buffer): CachedAnswer | undefined {
  const end = bytes.indexOf(0x0a);
  if (end === -1) return undefined;
  const line = bytes.toString('latin1', 0, end);
  const space = line.indexOf(' ');
  return {
    until: Number(line.slice(0, space)),
    etag: line.slice(space + 1),
    body: bytes.subarray(end + 1),
  };
}
