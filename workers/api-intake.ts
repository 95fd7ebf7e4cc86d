import type { Redis } from 'ioredis';
import { openDuckdb } from '../infra/duckdb.ts';
import { openEventLog } from '../infra/event-log.ts';
import { openListenReader } from '../infra/http/listens-read.ts';
import { openRateLimits } from '../infra/http/rate-limit.ts';
import type { Intake } from '../infra/http/server.ts';
import { openLake } from '../infra/lake.ts';
import { openPlayingNow } from '../infra/playing-now.ts';
import type { DeliveryOptions } from './delivery.ts';

/** MiB that reading listens back may take. */
const readingMb = 256;

/**
 * What the API needs to take listens and other events, and to read listens back.
 *
 * @param impatient - see `openImpatient`; stays open
 */
export function openIntake(
  { config, servers, clock, log }: DeliveryOptions,
  impatient: Redis,
): Intake & { dispose(): Promise<void> } {
  const { namespace, home } = config;
  const { arePublic, ...limits } = config.listens;
  const events = openEventLog(config, servers, log);
  const reader = openListenReader({
    lake: openLake(home, { verifyMb: 0 }),
    openSql: () => openDuckdb({ threads: 1, memoryMb: readingMb }),
    clock,
  });
  return {
    events,
    playingNow: openPlayingNow(impatient, namespace),
    reader,
    limits: openRateLimits({ redis: impatient, namespace, limits, clock }),
    arePublic,
    async dispose() {
      await events.dispose();
      await reader.dispose();
    },
  };
}
