import type { EventLog } from '../../pipelines/intake/log.ts';
import type { Log } from '../../pipelines/ports.ts';
import { openAppender, type LogSession } from '../log-appender.ts';
import {
  clientOptions,
  ensureTopic,
  reasonOf,
  titleOf,
  topicOf,
  type TopicPlace,
} from './topic.ts';

/** Headers of a record of the log. */
export const entryHeaders = { table: 'table', rows: 'rows', mark: 'mark' } as const;

/**
 * The log as a topic of Kafka, to append to: `acks=all`, from an idempotent producer, one request
 * after the other. Connects when the first entry comes.
 */
export function openTopicLog(
  place: TopicPlace,
  log: Log,
  options: { readonly patienceMs?: number } = {},
): EventLog {
  const connect = () => openSession(place);
  return openAppender({ ...options, title: titleOf(place), log, connect, inFlight: 1 });
}

async function openSession(place: TopicPlace): Promise<LogSession> {
  await ensureTopic(place);
  const { Producer, ProduceAcks } = await import('@platformatic/kafka');
  const producer = new Producer({
    ...clientOptions(place),
    acks: ProduceAcks.ALL,
    idempotent: true,
  });
  const topic = topicOf(place);
  return {
    async send({ table, rows, body, mark }) {
      const headers = new Map(
        Object.entries({
          [entryHeaders.table]: table,
          [entryHeaders.rows]: String(rows),
          [entryHeaders.mark]: mark,
        }).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
      );
      try {
        await producer.send({
          messages: [{ topic, partition: 0, value: body, headers, timestamp: BigInt(Date.now()) }],
        });
      } catch (cause) {
        throw new Error(reasonOf(cause), { cause });
      }
    },
    close: () => new Promise((resolve) => producer.close(true, () => resolve())),
  };
}
