import type { Consumer } from '@platformatic/kafka';
import {
  loggedTables,
  type ArrivedEntry,
  type LoggedTable,
  type LogReader,
} from '../../pipelines/intake/log.ts';
import { entryHeaders } from './append.ts';
import { clientOptions, downBecause, ensureTopic, topicOf, type TopicPlace } from './topic.ts';

type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;

/** A fetch waits so long for something new, and brings so much at most (one entry at least). */
const waitMs = 250;
const fetchBytes = 8 * 2 ** 20;
/** Bits of a batch: it says something to Kafka itself. */
const isControl = 0x20;
const latest = -1n;
const earliest = -2n;

/** The log as a topic of Kafka, to read from; a client of its own for each reading, no group. */
export function openTopicReader(place: TopicPlace): LogReader {
  const disposing = new AbortController();
  return {
    name: `kafka:${topicOf(place)}/0`,
    async last(signal) {
      const stopped = AbortSignal.any([disposing.signal, ...(signal ? [signal] : [])]);
      stopped.throwIfAborted();
      return withConsumer(place, async (consumer) => {
        return (await boundOf(consumer, place, latest)) - 1;
      });
    },
    read: (from, signal) => readFrom(place, from, AbortSignal.any([signal, disposing.signal])),
    dispose() {
      disposing.abort(new Error('the reader is closed'));
      return Promise.resolve();
    },
  };
}

async function* readFrom(
  place: TopicPlace,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<ArrivedEntry> {
  signal.throwIfAborted();
  const consumer = await openConsumer(place);
  let next = from;
  try {
    for (;;) {
      let response: FetchResponse;
      try {
        response = await abortable(fetchOnce(consumer, place, next), signal);
      } catch (error) {
        if (signal.aborted || !isOutOfRange(error)) throw error;
        // What was asked for has been thrown away, or is not there yet.
        const first = await boundOf(consumer, place, earliest);
        if (next < first) next = first;
        else await abortable(new Promise((resolve) => setTimeout(resolve, waitMs)), signal);
        continue;
      }
      for (const { records = [] } of response.responses.flatMap(({ partitions }) => partitions)) {
        for (const batch of records) {
          if ((batch.attributes & isControl) !== 0) continue;
          for (const record of batch.records) {
            const offset = Number(batch.firstOffset) + record.offsetDelta;
            // A batch may begin before what was asked for.
            if (offset < next) continue;
            next = offset + 1;
            signal.throwIfAborted();
            const headers = new Map(record.headers.map(([k, v]) => [String(k), String(v)]));
            yield {
              offset,
              mark: headers.get(entryHeaders.mark) ?? '',
              table: tableOf(headers.get(entryHeaders.table)),
              rows: Number(headers.get(entryHeaders.rows) ?? 0),
              arrivedMs: Number(batch.firstTimestamp + record.timestampDelta),
              body: record.value ?? Buffer.alloc(0),
            };
          }
        }
      }
    }
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw downBecause(place, cause);
  } finally {
    await closed(consumer);
  }
}

function tableOf(name: string | undefined): LoggedTable {
  return loggedTables.find((table) => table === name) ?? 'listens';
}

async function openConsumer(place: TopicPlace): Promise<Consumer> {
  await ensureTopic(place);
  const { Consumer: Client } = await import('@platformatic/kafka');
  // A group must be named, and is never joined.
  return new Client({ ...clientOptions(place), groupId: 'mondaymix' });
}

/** Closes it with what is under way; where the connection is gone, it is closed as well. */
function closed(consumer: Consumer): Promise<void> {
  return new Promise((resolve) => consumer.close(true, () => resolve()));
}

async function withConsumer<Result>(
  place: TopicPlace,
  work: (consumer: Consumer) => Promise<Result>,
): Promise<Result> {
  const consumer = await openConsumer(place);
  try {
    return await work(consumer);
  } catch (cause) {
    throw downBecause(place, cause);
  } finally {
    await closed(consumer);
  }
}

async function boundOf(consumer: Consumer, place: TopicPlace, timestamp: bigint): Promise<number> {
  const topic = topicOf(place);
  const offsets = await consumer.listOffsets({
    topics: [topic],
    partitions: { [topic]: [0] },
    timestamp,
  });
  return Number(offsets.get(topic)![0]!);
}

async function fetchOnce(
  consumer: Consumer,
  place: TopicPlace,
  offset: number,
): Promise<FetchResponse> {
  const topic = topicOf(place);
  const { topics } = await consumer.metadata({ topics: [topic] });
  const { id, partitions } = topics.get(topic)!;
  return consumer.fetch({
    node: partitions[0]!.leader,
    maxWaitTime: waitMs,
    minBytes: 1,
    maxBytes: fetchBytes,
    topics: [
      {
        topicId: id,
        partitions: [
          {
            partition: 0,
            currentLeaderEpoch: -1,
            fetchOffset: BigInt(offset),
            lastFetchedEpoch: -1,
            partitionMaxBytes: fetchBytes,
          },
        ],
      },
    ],
  });
}

function isOutOfRange(error: unknown): boolean {
  const { findBy } = error as { findBy?: (property: string, value: string) => unknown };
  return (
    typeof findBy === 'function' && Boolean(findBy.call(error, 'apiId', 'OFFSET_OUT_OF_RANGE'))
  );
}

async function abortable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  // It fails when the client is closed, and then nobody waits for it any more.
  work.catch(() => undefined);
  signal.throwIfAborted();
  let heard: () => void = () => undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    heard = () => reject(signal.reason as Error);
    signal.addEventListener('abort', heard, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', heard);
  }
}
