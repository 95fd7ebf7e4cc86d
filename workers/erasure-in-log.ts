import { setTimeout as pause } from 'node:timers/promises';
import { openDuckdb } from '../infra/duckdb.ts';
import type { ErasureRecord } from '../infra/erasure/record.ts';
import { openEventLog } from '../infra/event-log.ts';
import { openLake } from '../infra/lake.ts';
import { Mistake } from '../model/mistake.ts';
import { fromLake } from '../pipelines/lake.ts';
import type { Erasing } from './erase.ts';
import { runIngest } from './ingest.ts';

/** How long the log may take to get into the lake, milliseconds. */
const logPatienceMs = 120_000;

/**
 * Says in the log that they are erased, and waits until the lake has taken that in: what the log
 * held of them before is dropped by then, or in the lake.
 *
 * @throws Mistake `LOCKED` where somebody else takes the log in and does not come to the end
 */
export async function sayInLog(erasing: Erasing, { hash, at }: ErasureRecord): Promise<void> {
  const { config, servers, log, signal } = erasing;
  if (await isInLake(config.home, hash, at)) return;
  const events = openEventLog(config, servers, log);
  try {
    const row = JSON.stringify({ happened_at: at, listener_hash: hash });
    await events.append({ table: 'erasures', rows: 1, body: Buffer.from(`${row}\n`) });
  } finally {
    await events.dispose();
  }
  const until = performance.now() + logPatienceMs;
  for (;;) {
    try {
      await runIngest({ config, servers, log, once: true, cutMs: 100 }, signal);
    } catch (error) {
      // Then another one takes it in.
      if (!(error instanceof Mistake) || error.code !== 'LOCKED') throw error;
    }
    if (await isInLake(config.home, hash, at)) return;
    if (performance.now() > until) {
      throw new Mistake(
        'LOCKED',
        `the log: expected it in the lake within ${logPatienceMs / 1000} s, it is not; the erasure is recorded and goes on with the same command`,
      );
    }
    await pause(200, undefined, { signal });
  }
}

async function isInLake(home: string, hash: string, at: string): Promise<boolean> {
  const { tables } = await openLake(home, { verifyMb: 0 }).snapshot();
  const sql = await openDuckdb({ threads: 1, memoryMb: 256 });
  try {
    const found = await sql.rows(
      `SELECT 1 FROM ${fromLake('erasures', tables.erasures)}
       WHERE source = 'log' AND listener_hash = $hash AND happened_at = CAST($at AS TIMESTAMP)`,
      { hash, at: at.replace('Z', '') },
    );
    return found.length > 0;
  } finally {
    sql.dispose();
  }
}
