import { setTimeout } from 'node:timers/promises';
import { addWeeks } from '../model/week.ts';
import { watchDeadlines } from '../pipelines/delivery/watch.ts';
import type { Delivery, DeliveryOptions } from './delivery.ts';

/**
 * Looks at the deadlines of the week that is made and the one before, every minute until the signal
 * aborts. What fails is logged, and tried again a minute later. Never rejects.
 */
export async function watchEvery(
  {
    archive,
    clock,
    log,
    metrics,
    watchEveryMs = 60_000,
  }: DeliveryOptions & {
    readonly watchEveryMs?: number;
  },
  { orders, ledger, alerts, webhook }: Pick<Delivery, 'orders' | 'ledger' | 'alerts' | 'webhook'>,
  weekOf: () => string,
  signal: AbortSignal,
): Promise<void> {
  let lastRate: number | undefined;
  do {
    try {
      const week = weekOf();
      const seen = await watchDeadlines(
        { orders, ledger, archive, clock, alerts, webhook, log },
        [addWeeks(week, -1), week],
        lastRate,
      );
      lastRate = seen.listsPerSecond;
      metrics?.show(seen);
    } catch (error) {
      log.error({ error: (error as Error).message }, 'deadlines not looked at');
    }
  } while (await setTimeout(watchEveryMs, true, { signal }).catch(() => false));
}
