import { setInterval } from 'node:timers/promises';
import type { MetricsServer } from '../infra/metrics-server.ts';
import { metricsOf } from './metrics.ts';
import { openDelivery, type DeliveryOptions } from './delivery.ts';

const inspectEveryMs = 60_000;

/**
 * `npx mondaymix deliver`: one more worker on the queue. Runs until the signal aborts, then
 * finishes what it has begun and gives back the rest.
 */
export async function runDeliver(options: DeliveryOptions, signal: AbortSignal): Promise<void> {
  const { log, clock } = options;
  const delivery = await openDelivery({
    ...options,
    onBatch: (batch) => log.info({ ...batch }, 'batch'),
  });
  let metrics: MetricsServer | undefined;
  try {
    metrics = await metricsOf(options);
    await delivery.startDelivering();
    delivery.startMakingCovers();
    log.info({ queue: delivery.rabbit.topology.queue }, 'delivering');
    const ticks = setInterval(inspectEveryMs, undefined, { signal })[Symbol.asyncIterator]();
    while ((await ticks.next()).done !== true) {
      await delivery.rabbit
        .inspectDeadLetters(delivery.ledger, clock)
        .catch((error: Error) => log.warn({ error: error.message }, 'dead letters not inspected'));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    log.info({}, 'stopping');
  } finally {
    await metrics?.dispose();
    await delivery.dispose();
  }
}
