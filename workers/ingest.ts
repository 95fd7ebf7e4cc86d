import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../infra/config.ts';
import { openDuckdb } from '../infra/duckdb.ts';
import { openLogReader } from '../infra/event-log.ts';
import { openLake } from '../infra/lake.ts';
import { withLock } from '../infra/lock.ts';
import type { ServerUrls } from '../infra/servers/index.ts';
import { Mistake } from '../model/mistake.ts';
import type { Log } from '../pipelines/ports.ts';
import { runSink, type SinkBatch, type SinkTotals } from '../pipelines/intake/sink.ts';

export interface IngestOptions {
  readonly config: Config;
  readonly servers: Pick<ServerUrls, 'rabbitmqUrl'>;
  readonly log: Log;
  /** Ends when what is there now is in the lake. */
  readonly once?: boolean;
  readonly acceptLoss?: boolean;
  /** See `SinkOptions`. */
  readonly cutMs?: number;
  readonly cutBytes?: number;
  readonly onBatch?: (batch: SinkBatch) => void;
}

const memoryMb = 512;
const againMs = { first: 200, most: 10_000 };

/**
 * `npx mondaymix ingest`: takes the log into the lake until the signal aborts; with `once`, what is
 * there now. While the broker is away it waits for it.
 *
 * @throws Mistake `LOCKED` where another one is at work on this home
 */
export async function runIngest(options: IngestOptions, signal: AbortSignal): Promise<SinkTotals> {
  const { config, servers, log, once = false } = options;
  const folder = join(config.home, 'ingest');
  await mkdir(folder, { recursive: true });
  const taken = { waitMs: 5000, what: `taking the log into ${config.home}`, signal };
  return withLock(join(config.home, 'ingest.lock'), taken, async () => {
    // However long an import takes, what has arrived waits for it.
    const lake = openLake(config.home, { verifyMb: 0, waitMs: Infinity });
    for (let pauseMs = againMs.first; ; pauseMs = Math.min(pauseMs * 2, againMs.most)) {
      const sql = await openDuckdb({ threads: 2, memoryMb, spillTo: join(folder, 'spill') });
      const reader = openLogReader(config, servers);
      try {
        return await runSink(
          {
            ...options,
            ...{ reader, lake, sql, folder, log, clock: Date.now },
            wait: (ms, until) => pause(ms, undefined, { signal: until }).catch(() => undefined),
            onBatch(batch) {
              pauseMs = againMs.first;
              options.onBatch?.(batch);
            },
          },
          signal,
        );
      } catch (error) {
        if (once || signal.aborted) throw error;
        if (!(error instanceof Mistake) || error.code !== 'SERVER_DOWN') throw error;
        log.warn({ error: error.message, pauseMs }, 'the log is away, trying again');
        await pause(pauseMs, undefined, { signal });
      } finally {
        await reader.dispose();
        sql.dispose();
      }
    }
  });
}
