import type { EventLog } from '../../pipelines/intake/log.ts';
import type { Log } from '../../pipelines/ports.ts';
import { openAppender, type LogMessage, type LogSession } from '../log-appender.ts';
import { connectStream, failing, streamOf, titleOf, type StreamPlace } from './stream.ts';

/** Headers of a message of the log. */
export const entryHeaders = { table: 'table', rows: 'rows', arrived: 'arrived' } as const;

/** The log as a RabbitMQ stream, to append to. Connects when the first entry comes. */
export function openStreamLog(
  place: StreamPlace,
  log: Log,
  options: { readonly patienceMs?: number } = {},
): EventLog {
  return openAppender({
    ...options,
    title: titleOf(place),
    log,
    connect: () => openSession(place),
  });
}

/** Sends messages with publisher confirms. */
export async function openSession(place: StreamPlace): Promise<LogSession> {
  const stream = streamOf(place);
  const connection = await connectStream(place);
  const channel = await Promise.race([
    connection.model.createConfirmChannel(),
    failing(connection.lost),
  ]);
  const losing = new AbortController();
  channel.on('error', (error: Error) => losing.abort(error));
  channel.on('close', () => losing.abort(new Error('the channel was closed')));
  // The default exchange drops what no queue takes: without a stream nothing is confirmed.
  channel.on('return', () => losing.abort(new Error(`there is no stream ${stream}`)));
  const lost = AbortSignal.any([connection.lost, losing.signal]);
  // Not a race with one promise of the loss: that would remember every message for good.
  const pending = new Set<(reason: unknown) => void>();
  lost.addEventListener('abort', () => {
    for (const reject of pending) reject(lost.reason);
    pending.clear();
  });
  return { send: confirmed, close: () => connection.close() };

  function confirmed({ table, rows, body, mark }: LogMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      if (lost.aborted) return reject(lost.reason as Error);
      pending.add(reject);
      channel.publish(
        '',
        stream,
        body,
        {
          persistent: true,
          mandatory: true,
          messageId: mark,
          headers: {
            [entryHeaders.table]: table,
            [entryHeaders.rows]: rows,
            [entryHeaders.arrived]: Date.now(),
          },
        },
        (error: unknown) => {
          pending.delete(reject);
          if (losing.signal.aborted) reject(losing.signal.reason as Error);
          else if (error === null || error === undefined) resolve();
          else reject(error instanceof Error ? error : new Error('the broker did not take it'));
        },
      );
    });
  }
}
