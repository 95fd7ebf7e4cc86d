import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';

/** An answer as it is cached: ready to be sent. */
export interface CachedAnswer {
  readonly etag: string;
  /** JSON in UTF-8. */
  readonly body: Buffer;
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

/** What is there; where nothing is, the lease is from then on. */
const getOrLease = {
  numberOfKeys: 1,
  lua: `
    local found = redis.call('GET', KEYS[1])
    if not found then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) end
    return found`,
};

const putIfLeased = {
  numberOfKeys: 1,
  lua: `
    if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
    redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
    return 1`,
};

/** What `defineCommand` adds: the scripts, sent once and then named by their digests. */
interface Scripts {
  getOrLeaseBuffer(key: string, lease: string, seconds: number): Promise<Buffer | null>;
  putIfLeased(key: string, lease: string, value: Buffer, seconds: number): Promise<number>;
}

const leaseMark = 'lease:';

/**
 * One key for each user who was asked for: a lease, then an answer. A change deletes either, so a
 * reader who looked up MongoDB before it can no longer put what it found (the leases of Nishtala et
 * al., Scaling Memcache at Facebook, 2013). Nothing is kept of users whom nobody asks for.
 */
export function openListCache(redis: Redis, namespace: string): ListCache {
  redis.defineCommand('getOrLease', getOrLease);
  redis.defineCommand('putIfLeased', putIfLeased);
  const scripts = redis as unknown as Scripts;
  const keyOf = (user: string) => `${namespace}:current:${user}`;
  return {
    async get(user, now) {
      const key = keyOf(user);
      const lease = leaseMark + randomUUID();
      const found = await scripts.getOrLeaseBuffer(key, lease, leaseSeconds);
      if (found === null) return { lease };
      const answer = readAnswer(found);
      // The lease of another reader: what was looked up since it was given is as good as theirs.
      if (answer === undefined) return { lease: found.toString() };
      if (now < answer.until) return { answer };
      await redis.set(key, lease, 'EX', leaseSeconds);
      return { lease };
    },
    async put(user, lease, answer) {
      await scripts.putIfLeased(keyOf(user), lease, writeAnswer(answer), keepSeconds);
    },
    async forget(users) {
      if (users.length > 0) await redis.unlink(users.map(keyOf));
    },
  };
}

/** A line with the tag and the end, then the body as it is. */
function writeAnswer({ etag, body, until }: CachedAnswer): Buffer {
  return Buffer.concat([Buffer.from(`${until} ${etag}\n`), body]);
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
