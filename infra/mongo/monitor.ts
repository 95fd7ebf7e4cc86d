import { setTimeout as pause } from 'node:timers/promises';
import type {
  MongoClient,
  ServerHeartbeatFailedEvent,
  ServerHeartbeatStartedEvent,
  ServerHeartbeatSucceededEvent,
} from 'mongodb';
import type { Log } from '../../pipelines/ports.ts';

/** How long the driver lets a server wait with an awaited answer: its `heartbeatFrequencyMS`. */
const awaitedMs = 10_000;
const againMs = 500;

/**
 * Brings a client back whose look at the server hangs.
 *
 * When all connections break at once, the driver (7.9) may send its heartbeat on a connection that
 * closes before the bytes are written: `Connection.writeCommand` then waits for the socket's `drain`,
 * which never comes, beyond the reach of any timeout. The server counts as unknown from then on, and
 * every call fails though the server is back. So a heartbeat that has come to no end in twice its
 * time has the client closed and connected anew; databases and collections stay usable.
 *
 * @param patienceMs - the client's `connectTimeoutMS`
 */
export function keepMonitoring(
  client: MongoClient,
  patienceMs: number,
  log: Log | undefined,
): { stop(): Promise<void> } {
  const overdue = new Map<string, NodeJS.Timeout>();
  let stopped = false;
  let reviving: Promise<void> | undefined;

  const ended = ({ connectionId }: ServerHeartbeatSucceededEvent | ServerHeartbeatFailedEvent) => {
    clearTimeout(overdue.get(connectionId));
    overdue.delete(connectionId);
  };
  const started = ({ connectionId, awaited }: ServerHeartbeatStartedEvent) => {
    clearTimeout(overdue.get(connectionId));
    const withinMs = 2 * patienceMs + (awaited ? awaitedMs : 0);
    const timer = setTimeout(() => {
      log?.warn({ server: connectionId }, 'MongoDB: its heartbeat hangs, connecting anew');
      reviving ??= revive().finally(() => (reviving = undefined));
    }, withinMs);
    overdue.set(connectionId, timer.unref());
  };
  async function revive(): Promise<void> {
    forget();
    await client.close().catch(() => undefined);
    // Until it is connected calls fail as `Unavailable`, as they did before.
    while (!stopped && !(await connects(client))) await pause(againMs);
  }
  function forget(): void {
    for (const timer of overdue.values()) clearTimeout(timer);
    overdue.clear();
  }

  client.on('serverHeartbeatStarted', started);
  client.on('serverHeartbeatSucceeded', ended);
  client.on('serverHeartbeatFailed', ended);
  return {
    async stop() {
      stopped = true;
      client.off('serverHeartbeatStarted', started);
      client.off('serverHeartbeatSucceeded', ended);
      client.off('serverHeartbeatFailed', ended);
      forget();
      await reviving;
    },
  };
}

async function connects(client: MongoClient): Promise<boolean> {
  return client.connect().then(
    () => true,
    () => false,
  );
}
