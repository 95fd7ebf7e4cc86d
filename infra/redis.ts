import { Redis } from 'ioredis';
import { Mistake } from '../model/mistake.ts';
import type { Log } from '../pipelines/ports.ts';
import { withoutPassword } from './servers/index.ts';

export interface RedisConnection {
  readonly client: Redis;
  dispose(): Promise<void>;
}

/**
 * Connects, and proves it with a ping. A lost connection comes back by itself; meanwhile calls
 * wait (`maxRetriesPerRequest` null, as BullMQ's workers need it).
 *
 * @throws Mistake `SERVER_DOWN` where nothing answers, `SERVER_REFUSED` where the password is not
 *   taken
 */
export async function openRedis(url: string): Promise<RedisConnection> {
  let connected = false;
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 5000,
    maxRetriesPerRequest: null,
    // The first connection fails at once; later ones are sought for ever.
    retryStrategy: (times) => (connected ? Math.min(100 * 2 ** times, 10_000) : null),
  });
  let lastError: Error | undefined;
  client.on('error', (error: Error) => {
    lastError = error;
  });
  try {
    await client.connect();
    await client.ping();
    connected = true;
  } catch (cause) {
    if (client.status !== 'end') client.disconnect();
    const { message } = lastError ?? (cause as Error);
    const isRefusal = /NOAUTH|WRONGPASS|NOPERM|invalid password/i.test(
      `${message} ${(cause as Error).message}`,
    );
    throw new Mistake(
      isRefusal ? 'SERVER_REFUSED' : 'SERVER_DOWN',
      isRefusal
        ? `Redis at ${withoutPassword(url)}: expected to be let in, got "${message}"`
        : `Redis at ${withoutPassword(url)}: expected a server, got "${message}"`,
      { cause },
    );
  }
  let open = true;
  return {
    client,
    async dispose() {
      if (!open) return;
      open = false;
      await client.quit().catch(() => client.disconnect());
    },
  };
}

/**
 * A copy of a connection for what a client waits for: where Redis is away a call fails at once, or
 * after a second, rather than to wait for it. It comes back by itself; `disconnect()` ends it.
 */
export async function openImpatient(client: Redis, log: Log): Promise<Redis> {
  const copy = client.duplicate({
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: 1000,
  });
  copy.on('error', (error: Error) => log.warn({ error: error.message }, 'Redis: error'));
  await copy.connect();
  return copy;
}

/** Deletes every key of a namespace. For tests and `down`. */
export async function removeKeys(client: Redis, namespace: string): Promise<void> {
  for await (const keys of client.scanStream({ match: `${namespace}:*`, count: 1000 })) {
    if ((keys as string[]).length > 0) await client.unlink(keys as string[]);
  }
}
