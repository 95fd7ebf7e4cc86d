import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { openAppender, type LogMessage, type LogSession } from '../../infra/log-appender.ts';
import type { EventLog } from '../../pipelines/intake/log.ts';

/** What a broker does with it is in contract/event-log; here the time is ours. */

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const patienceMs = 4000;
/** Sessions, each with what it was given and has not confirmed. */
let sessions: { readonly given: Map<LogMessage, () => void>; isClosed: boolean }[];
let events: EventLog;

beforeEach(() => {
  jest.useFakeTimers();
  sessions = [];
  const connect = (): Promise<LogSession> => {
    const session = { given: new Map<LogMessage, () => void>(), isClosed: false };
    sessions.push(session);
    return Promise.resolve({
      send: (message) => new Promise((resolve) => session.given.set(message, resolve)),
      close() {
        session.isClosed = true;
        return Promise.resolve();
      },
    });
  };
  events = openAppender({ title: 'a log', connect, log, inFlight: 1, patienceMs });
});

afterEach(() => void jest.useRealTimers());

const append = (table: 'listens' | 'searches') =>
  events.append({ table, rows: 1, body: Buffer.from('{}\n') });

/** Confirms what is on its way. */
function confirm(): void {
  for (const [message, done] of sessions.at(-1)!.given) {
    sessions.at(-1)!.given.delete(message);
    done();
  }
}

test('a slow broker has its time for an entry that has waited long, and keeps its connection', async () => {
  const [first, second] = [append('listens'), append('searches')];
  await jest.advanceTimersByTimeAsync(3500);
  confirm();
  await first;
  // The second is on its way since then, and its time is over while it is.
  await jest.advanceTimersByTimeAsync(1500);
  expect(sessions).toHaveLength(1);
  confirm();
  await second;
  expect(sessions[0]!.isClosed).toBe(false);
});

test('a broker that confirms nothing keeps nobody for longer than half their time again', async () => {
  const [first, second] = [append('listens'), append('searches')];
  const refused = Promise.allSettled([first, second]);
  await jest.advanceTimersByTimeAsync(patienceMs * 1.5 + 1000);
  for (const one of await refused) {
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'SERVER_DOWN' } });
  }
  expect(sessions[0]!.isClosed).toBe(true);
});
