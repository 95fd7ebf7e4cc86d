import type { Channel, ConsumeMessage } from 'amqplib';
import { randomBytes } from 'node:crypto';
import { Mistake } from '../../model/mistake.ts';
import {
  loggedTables,
  type ArrivedEntry,
  type LoggedTable,
  type LogReader,
} from '../../pipelines/intake/log.ts';
import { connectStream, failing, streamOf, titleOf, type StreamPlace } from './stream.ts';
import { entryHeaders, openSession } from './stream-append.ts';

/** Messages that are on their way to us before we have taken them. */
const prefetch = 64;
const acknowledgeEvery = 16;
/** A broker that is short of memory or disk takes the connection, and confirms nothing. */
const confirmMs = 30_000;

/** The log as a RabbitMQ stream, to read from; a connection of its own for each reading. */
export function openStreamReader(place: StreamPlace): LogReader {
  const disposing = new AbortController();
  return {
    name: `rabbitmq:${streamOf(place)}`,
    async last(signal) {
      // Counts of a stream are old. What is written once we read from near the end is the end.
      const mark = `end-${randomBytes(12).toString('base64url')}`;
      const stop = new AbortController();
      const stopped = AbortSignal.any([stop.signal, disposing.signal, ...(signal ? [signal] : [])]);
      const attached = () =>
        void writeMark(place, mark).catch((cause: unknown) => stop.abort(lostWith(place, cause)));
      for await (const entry of readFrom(place, 'last', stopped, attached)) {
        if (entry.mark === mark) return entry.offset;
      }
      throw new Error('the stream ended');
    },
    read: (from, signal) => readFrom(place, from, AbortSignal.any([signal, disposing.signal])),
    dispose() {
      disposing.abort(new Error('the reader is closed'));
      return Promise.resolve();
    },
  };
}

async function writeMark(place: StreamPlace, mark: string): Promise<void> {
  const session = await openSession(place);
  let late: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    late = setTimeout(
      () => reject(new Error(`nothing is confirmed within ${confirmMs / 1000} s`)),
      confirmMs,
    );
  });
  try {
    const entry = { table: 'listens', rows: 0, body: Buffer.alloc(0), mark } as const;
    await Promise.race([session.send(entry), silence]);
  } finally {
    clearTimeout(late);
    await session.close();
  }
}

async function* readFrom(
  place: StreamPlace,
  from: number | 'last',
  signal: AbortSignal,
  attached: () => void = () => undefined,
): AsyncGenerator<ArrivedEntry> {
  signal.throwIfAborted();
  const connection = await connectStream(place);
  const ended = new AbortController();
  try {
    const channel = await Promise.race([
      connection.model.createChannel(),
      failing(AbortSignal.any([signal, connection.lost])),
    ]);
    const arrived: ConsumeMessage[] = [];
    let wake: () => void = () => undefined;
    const end = (error: Error) => {
      ended.abort(error);
      wake();
    };
    channel.on('error', end);
    channel.on('close', () => end(new Error('the channel was closed')));
    const onLost = () => end(connection.lost.reason as Error);
    connection.lost.addEventListener('abort', onLost, { once: true });
    const onStop = () => wake();
    signal.addEventListener('abort', onStop, { once: true });
    try {
      await Promise.race([
        begin(channel, place, from, (message) => {
          if (message === null) end(new Error('the stream was deleted'));
          else arrived.push(message);
          wake();
        }),
        failing(AbortSignal.any([signal, connection.lost])),
      ]);
      attached();
      for (let taken = 1; ; taken++) {
        while (arrived.length === 0) {
          signal.throwIfAborted();
          ended.signal.throwIfAborted();
          await new Promise<void>((resolve) => (wake = resolve));
        }
        signal.throwIfAborted();
        const message = arrived.shift()!;
        const entry = entryOf(message);
        // A chunk may begin before what was asked for.
        if (from === 'last' || entry.offset >= from) yield entry;
        const isDue = taken % acknowledgeEvery === 0 || arrived.length === 0;
        if (isDue && !ended.signal.aborted) channel.ack(message, true);
      }
    } finally {
      signal.removeEventListener('abort', onStop);
      connection.lost.removeEventListener('abort', onLost);
    }
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw lostWith(place, cause);
  } finally {
    await connection.close();
  }
}

async function begin(
  channel: Channel,
  place: StreamPlace,
  from: number | 'last',
  take: (message: ConsumeMessage | null) => void,
): Promise<void> {
  await channel.prefetch(prefetch);
  await channel.consume(streamOf(place), take, { arguments: { 'x-stream-offset': from } });
}

function entryOf({ content, properties }: ConsumeMessage): ArrivedEntry {
  const headers = (properties.headers ?? {}) as Record<string, unknown>;
  const table = headers[entryHeaders.table];
  return {
    offset: Number(headers['x-stream-offset']),
    mark: String(properties.messageId),
    table: loggedTables.includes(table as LoggedTable) ? (table as LoggedTable) : 'listens',
    rows: Number(headers[entryHeaders.rows] ?? 0),
    arrivedMs: Number(headers[entryHeaders.arrived] ?? 0),
    body: content,
  };
}

function lostWith(place: StreamPlace, cause: unknown): Mistake {
  if (cause instanceof Mistake) return cause;
  return new Mistake(
    'SERVER_DOWN',
    `${titleOf(place)}: expected it to keep the log, got "${(cause as Error).message}"`,
    { cause },
  );
}
