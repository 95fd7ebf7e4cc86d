import type { Admin } from '@platformatic/kafka';
import { Mistake } from '../../model/mistake.ts';

/** The topic that keeps the log: one partition, so that what arrives has one order. */
export interface TopicPlace {
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[];
  /** The topic is `<namespace>.log`. */
  readonly namespace: string;
  /** What it keeps when it is made; later Kafka's own tools change it. Default: 7 days. */
  readonly keeps?: { readonly days: number; readonly mb: number | undefined };
}

/** What one request may bring, and with it one entry. */
const largestEntry = 16 * 2 ** 20;
const segmentBytes = 100_000_000;

export function topicOf({ namespace }: TopicPlace): string {
  return `${namespace}.log`;
}

/** As mistakes name it. */
export function titleOf({ brokers }: TopicPlace): string {
  return `Kafka at ${brokers.join(',')}`;
}

/** What every client of ours begins with. Nothing is tried again by itself: the callers do. */
export function clientOptions({ brokers }: TopicPlace) {
  return {
    clientId: 'mondaymix',
    bootstrapBrokers: [...brokers],
    retries: 0,
    connectTimeout: 5000,
    timeout: 10_000,
  };
}

/**
 * Makes the topic where it is missing; one that is there stays as it is.
 *
 * @throws Mistake `SERVER_DOWN`, `SERVER_REFUSED` where it has several partitions
 */
export async function ensureTopic(place: TopicPlace): Promise<void> {
  const { Admin: Client } = await import('@platformatic/kafka');
  const admin = new Client(clientOptions(place));
  try {
    await createTopic(admin, place);
    const topic = topicOf(place);
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
    const partitions = topics.get(topic)?.partitionsCount ?? 0;
    if (partitions === 1) return;
    throw new Mistake(
      'SERVER_REFUSED',
      `${titleOf(place)}: expected topic ${topic} to have one partition, got ${partitions}`,
    );
  } catch (cause) {
    throw downBecause(place, cause);
  } finally {
    await admin.close().catch(() => undefined);
  }
}

async function createTopic(admin: Admin, place: TopicPlace): Promise<void> {
  const topic = topicOf(place);
  if ((await admin.listTopics()).includes(topic)) return;
  const { days = 7, mb } = place.keeps ?? {};
  const configs = {
    'retention.ms': Math.round(days * 86_400_000),
    'retention.bytes': mb === undefined ? -1 : mb * 2 ** 20,
    'segment.bytes': segmentBytes,
    'max.message.bytes': largestEntry,
    'cleanup.policy': 'delete',
  };
  try {
    await admin.createTopics({
      topics: [topic],
      partitions: 1,
      // As many as the brokers are told to make by default.
      replicas: -1,
      configs: Object.entries(configs).map(([name, value]) => ({ name, value: String(value) })),
    });
  } catch (error) {
    // Somebody was faster.
    if (!(await admin.listTopics()).includes(topic)) throw error;
  }
}

export function downBecause(place: TopicPlace, cause: unknown): Mistake {
  if (cause instanceof Mistake) return cause;
  return new Mistake(
    'SERVER_DOWN',
    `${titleOf(place)}: expected it to keep the log, got "${reasonOf(cause)}"`,
    { cause },
  );
}

/** The innermost reason: the client wraps what went wrong several times. */
export function reasonOf(error: unknown): string {
  const { message, errors, cause } = error as Error & { errors?: unknown[] };
  if (Array.isArray(errors) && errors.length > 0) return reasonOf(errors[0]);
  return cause instanceof Error ? reasonOf(cause) : message;
}
