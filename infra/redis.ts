import { Redis } from 'ioredis';
import { Mistake } from '../model/mistake.ts';
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

/** Deletes every key of a namespace. For tests and `down`. */
export async function removeKeys(client: Redis, namespace: string): Promise<void> {
  for await (const keys of client.scanStream({ match: `${namespace}:*`, count: 1000 })) {
    if ((keys as string[]).length > 0) await client.unlink(keys as string[]);
  }
}
