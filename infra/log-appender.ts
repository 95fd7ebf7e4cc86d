import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Mistake } from '../model/mistake.ts';
import type { EventLog, LogEntry, LoggedTable } from '../pipelines/intake/log.ts';
import type { Log } from '../pipelines/ports.ts';

/** What goes to the broker as one: the entries of one table that waited at the same time. */
export interface LogMessage {
  readonly table: LoggedTable;
  readonly rows: number;
  readonly body: Buffer;
  /** Unique among all logs; the same when it is sent again. */
  readonly mark: string;
}

/** A connection to a broker, while it lasts. */
export interface LogSession {
  /** Resolves when the broker has confirmed; rejects where it has not or the connection is lost. */
  send(message: LogMessage): Promise<void>;
  close(): Promise<void>;
}

export interface AppenderOptions {
  /** As mistakes name it: `RabbitMQ at amqp://…`. */
  readonly title: string;
  /** Connects anew. */
  readonly connect: () => Promise<LogSession>;
  readonly log: Log;
  /** Messages that may wait for their confirm, 1 or more. Default 8. */
  readonly inFlight?: number;
  /**
   * How long an entry is tried, milliseconds, connecting again where needed; one that is on its way
   * then is waited for half as long again. Default 10 s.
   */
  readonly patienceMs?: number;
}

interface Waiting {
  readonly entry: LogEntry;
  readonly untilMs: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Sending {
  readonly message: LogMessage;
  readonly parts: readonly Waiting[];
  /** When this session was given it. */
  sentAtMs: number;
}

/** Entries go together up to so much; a larger one goes by itself. */
const bytesTogether = 256 * 1024;
const retryMs = { first: 50, most: 2000 };

/**
 * Appends in groups: what waits while messages are on their way goes as one message, so that many
 * small entries cost little more than few large ones. After a lost connection what is not confirmed
 * is sent again, in the same order: it may then be in the log twice, and is in the lake once.
 */
export function openAppender(options: AppenderOptions): EventLog {
  const { title, connect, log, inFlight = 8, patienceMs = 10_000 } = options;
  /** Not sent yet, or to be sent again: these first, as the messages that they were. */
  let waiting: Waiting[] = [];
  let again: Sending[] = [];
  const sending = new Set<Sending>();
  let session: LogSession | undefined;
  let connecting = false;
  let lastFault = 'nothing';
  let disposed: Promise<void> | undefined;
  let wakeScheduled = false;
  const marks = randomBytes(9).toString('base64url');
  let numMarks = 0;

  const schedule = () => {
    if (wakeScheduled) return;
    wakeScheduled = true;
    // Whatever else came in the same turn goes along.
    setImmediate(() => {
      wakeScheduled = false;
      pump();
    });
  };

  function pump(): void {
    if (session === undefined) {
      if (waiting.length + again.length > 0) void reconnect();
      return;
    }
    while (sending.size < inFlight) {
      const next = again.shift() ?? together();
      if (next === undefined) return;
      void send(session, next);
    }
  }

  /** The next entries that go as one message. */
  function together(): Sending | undefined {
    const first = waiting[0]?.entry;
    if (first === undefined) return undefined;
    let bytes = first.body.byteLength;
    let count = 1;
    for (; count < waiting.length; count++) {
      const { table, body } = waiting[count]!.entry;
      if (table !== first.table || bytes + body.byteLength > bytesTogether) break;
      bytes += body.byteLength;
    }
    const parts = waiting.slice(0, count);
    waiting = waiting.slice(count);
    const message: LogMessage = {
      table: first.table,
      rows: parts.reduce((sum, { entry }) => sum + entry.rows, 0),
      body: count === 1 ? asBuffer(first.body) : Buffer.concat(parts.map((p) => p.entry.body)),
      mark: `${marks}${(numMarks++).toString(36)}`,
    };
    return { message, parts, sentAtMs: 0 };
  }

  async function send(over: LogSession, one: Sending): Promise<void> {
    sending.add(one);
    one.sentAtMs = performance.now();
    try {
      await over.send(one.message);
      sending.delete(one);
      for (const { resolve } of one.parts) resolve();
    } catch (error) {
      lose(over, error);
    }
    schedule();
  }

  /** Everything that this session has not confirmed is to be sent again. */
  function lose(lost: LogSession, error: unknown): void {
    if (session !== lost) return;
    session = undefined;
    lastFault = (error as Error).message;
    again = [...sending, ...again];
    sending.clear();
    if (disposed === undefined) log.warn({ error: lastFault }, `${title}: connection lost`);
    void lost.close().catch(() => undefined);
  }

  async function reconnect(): Promise<void> {
    if (connecting) return;
    connecting = true;
    for (let pauseMs = retryMs.first; waiting.length + again.length > 0; pauseMs *= 2) {
      giveUpOld();
      if (waiting.length + again.length === 0) break;
      const opened = await connect().catch((error: unknown) => {
        lastFault = error instanceof Mistake ? error.message : (error as Error).message;
        return undefined;
      });
      if (opened !== undefined && disposed !== undefined) await opened.close();
      else if (opened !== undefined) {
        session = opened;
        break;
      }
      await pause(Math.min(pauseMs, retryMs.most));
    }
    connecting = false;
    schedule();
  }

  /** What has waited for too long is told so, and not sent any more. */
  function giveUpOld(): void {
    const now = performance.now();
    const isOver = disposed !== undefined;
    const expired = ({ untilMs }: Waiting) => isOver || untilMs <= now;
    for (const { parts } of again) if (parts.every(expired)) fail(parts);
    again = again.filter(({ parts }) => !parts.every(expired));
    fail(waiting.filter(expired));
    waiting = waiting.filter((one) => !expired(one));
  }

  function fail(parts: readonly Waiting[]): void {
    for (const { reject } of parts) {
      reject(
        new Mistake('SERVER_DOWN', `${title}: expected it to take an entry, got "${lastFault}"`),
      );
    }
  }

  // A broker that takes the connection and confirms nothing must not keep anyone for ever. One that
  // is slow has its time for each message, however long that waited before: a connection that is
  // given up has all that is on its way sent again, and a slow broker would never catch up.
  const watch = setInterval(() => {
    const now = performance.now();
    const late = [...sending].some(
      ({ parts, sentAtMs }) =>
        now - sentAtMs >= patienceMs / 2 && parts.some(({ untilMs }) => untilMs <= now),
    );
    if (late && session !== undefined) lose(session, new Error('no confirm in time'));
    giveUpOld();
    schedule();
  }, 250);
  watch.unref();

  return {
    append(entry) {
      if (disposed !== undefined) return Promise.reject(new Error(`${title}: the log is closed`));
      return new Promise((resolve, reject) => {
        waiting.push({ entry, untilMs: performance.now() + patienceMs, resolve, reject });
        schedule();
      });
    },
    dispose() {
      disposed ??= (async () => {
        while (sending.size > 0 && session !== undefined) await pause(5);
        clearInterval(watch);
        giveUpOld();
        await session?.close().catch(() => undefined);
      })();
      return disposed;
    },
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
