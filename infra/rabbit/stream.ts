import { setTimeout as pause } from 'node:timers/promises';
import amqp, { type ChannelModel } from 'amqplib';
import { Mistake } from '../../model/mistake.ts';
import { withoutPassword } from '../servers/ping.ts';

/** The stream that keeps the log. */
export interface StreamPlace {
  /** `amqp://user:password@host:port/vhost` */
  readonly url: string;
  /** The stream is `<namespace>.log`. */
  readonly namespace: string;
  /**
   * What it keeps when it is made; later a policy of the broker changes it (`rabbitmqctl set_policy
   * log "^mondaymix[.]log$" '{"max-age":"30D"}' --apply-to queues`). Default: 7 days.
   */
  readonly keeps?: { readonly days: number; readonly mb: number | undefined };
}

/** What is thrown away is thrown away by segments of the log of so many bytes. */
const segmentBytes = 100_000_000;
const closeMs = 2000;
const settleMs = 2000;

export function streamOf({ namespace }: Pick<StreamPlace, 'namespace'>): string {
  return `${namespace}.log`;
}

/** As mistakes name it. */
export function titleOf({ url }: StreamPlace): string {
  return `RabbitMQ at ${withoutPassword(url)}`;
}

/** A connection to the broker of the log. Does not come back by itself when it is lost. */
export interface StreamConnection {
  readonly model: ChannelModel;
  /** Aborts when the connection is lost, with the reason. */
  readonly lost: AbortSignal;
  close(): Promise<void>;
}

/**
 * Connects, and declares the stream where it is missing; one that is there stays as it is.
 *
 * @throws Mistake `SERVER_DOWN`, `SERVER_REFUSED`
 */
export async function connectStream(place: StreamPlace): Promise<StreamConnection> {
  let model: ChannelModel;
  try {
    model = await amqp.connect(withHeartbeat(place.url), { timeout: 5000, noDelay: true });
  } catch (cause) {
    throw refusal(place, cause as Error);
  }
  const losing = new AbortController();
  model.on('error', (error: Error) => losing.abort(error));
  model.on('close', () => losing.abort(new Error('the connection was closed')));
  let closing: Promise<void> | undefined;
  const close = () =>
    (closing ??= (async () => {
      if (losing.signal.aborted) return;
      // It may never be answered: see channel.ts.
      await Promise.race([
        model.close().catch(() => undefined),
        pause(closeMs, undefined, { ref: false }),
      ]);
    })());
  try {
    await Promise.race([declareStream(model, place), failing(losing.signal)]);
  } catch (cause) {
    await close();
    throw refusal(place, cause as Error);
  }
  return { model, lost: losing.signal, close };
}

/** Whoever only reads would not notice that the other side is gone. */
function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', '10');
  return parsed.href;
}

/** Rejects when the signal aborts, with its reason. */
export function failing(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

async function declareStream(model: ChannelModel, place: StreamPlace): Promise<void> {
  const stream = streamOf(place);
  const looking = await model.createChannel();
  looking.on('error', () => undefined);
  try {
    await looking.checkQueue(stream);
    await looking.close();
    return;
  } catch (error) {
    // The refusal has closed the channel.
    if ((error as { code?: number }).code !== 404) throw error;
  }
  const { days = 7, mb } = place.keeps ?? {};
  const channel = await model.createChannel();
  channel.on('error', () => undefined);
  await channel.assertQueue(stream, {
    durable: true,
    arguments: {
      'x-queue-type': 'stream',
      'x-max-age': `${Math.max(1, Math.round(days * 86_400))}s`,
      'x-stream-max-segment-size-bytes': segmentBytes,
      ...(mb === undefined ? {} : { 'x-max-length-bytes': mb * 2 ** 20 }),
    },
  });
  await channel.close();
  // RabbitMQ 3.10 forgets a stream, with all that is in it, when it is killed within a second of
  // making it: nothing may be confirmed before.
  await pause(settleMs);
}

function refusal(place: StreamPlace, cause: Error): Mistake {
  if (cause instanceof Mistake) return cause;
  const isRefusal = /REFUSED - |NOT_ALLOWED|PRECONDITION_FAILED|\b(403|406|530)\b/.test(
    cause.message,
  );
  return new Mistake(
    isRefusal ? 'SERVER_REFUSED' : 'SERVER_DOWN',
    `${titleOf(place)}: expected ${isRefusal ? 'to be let in' : 'a server that keeps the log'}, got "${cause.message}"`,
    { cause },
  );
}
