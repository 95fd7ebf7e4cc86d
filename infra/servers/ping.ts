/** What a server said: it works, it does not want us, or it does not answer. */
export type PingAnswer =
  { readonly kind: 'works' } | { readonly kind: 'refused' | 'down'; readonly reason: string };

/** Asks the server at `url`, in its own protocol, within `withinMs`. Never throws. */
export type Ping = (url: string, withinMs: number) => Promise<PingAnswer>;

export const pingRabbitmq: Ping = async (url, withinMs) => {
  const amqp = await import('amqplib');
  return answer(/ACCESS[_-]REFUSED|NOT_ALLOWED|403/, async () => {
    const connection = await amqp.connect(url, { timeout: withinMs });
    connection.on('error', () => undefined);
    await connection.close();
  });
};

export const pingRedis: Ping = async (url, withinMs) => {
  const { Redis } = await import('ioredis');
  return answer(/WRONGPASS|NOAUTH|NOPERM|invalid password/i, async () => {
    const redis = new Redis(url, {
      lazyConnect: true,
      connectTimeout: withinMs,
      commandTimeout: withinMs,
      disconnectTimeout: 100,
      retryStrategy: null,
      maxRetriesPerRequest: 0,
    });
    let lost: Error | undefined;
    redis.on('error', (error: Error) => (lost = error));
    try {
      await redis.connect();
      await redis.ping();
    } catch (error) {
      throw lost ?? error;
    } finally {
      redis.disconnect();
    }
  });
};

export const pingMongodb: Ping = async (url, withinMs) => {
  const { MongoClient } = await import('mongodb');
  return answer(/Authentication failed|auth.*(fail|requir)|not authorized/i, async () => {
    const client = new MongoClient(url, {
      serverSelectionTimeoutMS: withinMs,
      connectTimeoutMS: withinMs,
      socketTimeoutMS: withinMs,
    });
    try {
      await client.db('admin').command({ ping: 1 });
    } finally {
      await client.close();
    }
  });
};

/** @param url - brokers, `host:port` with commas */
export const pingKafka: Ping = async (url, withinMs) => {
  const { Admin } = await import('@platformatic/kafka');
  return answer(/SASL|authenticat|authoriz/i, async () => {
    const admin = new Admin({
      clientId: 'mondaymix-ping',
      bootstrapBrokers: url.split(','),
      retries: 0,
      connectTimeout: withinMs,
      timeout: withinMs,
    });
    try {
      await admin.listTopics();
    } finally {
      await admin.close();
    }
  });
};

async function answer(refusal: RegExp, ask: () => Promise<void>): Promise<PingAnswer> {
  try {
    await ask();
    return { kind: 'works' };
  } catch (error) {
    const reason = firstLine(error);
    return { kind: refusal.test(reason) ? 'refused' : 'down', reason };
  }
}

/** Node joins the attempts over several addresses into one error that has no message itself. */
function firstLine(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return firstLine(error.errors[0]);
  const { message, code } = error as NodeJS.ErrnoException;
  return (message || code || String(error)).split('\n')[0]!;
}

/** A server's address as it may be shown and logged: without password and parameters. */
export function withoutPassword(url: string): string {
  const bare = url.split('?')[0]!;
  return bare.replace(/^([a-z][a-z+]*:\/\/)([^:@/]*)(:.*)?@/, (_, scheme: string, user: string) =>
    user === '' ? scheme : `${scheme}${user}@`,
  );
}
