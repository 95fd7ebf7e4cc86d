import { serveMetrics, type MetricsServer } from '../infra/metrics-server.ts';
import type { DeliveryOptions } from './delivery.ts';

/** Gives out the metrics of a process where the configuration says so; else undefined. */
export async function metricsOf({
  config,
  metrics,
  log,
}: DeliveryOptions): Promise<MetricsServer | undefined> {
  if (metrics === undefined || config.metrics === undefined) return undefined;
  const server = await serveMetrics(metrics.registry, config.metrics);
  log.info({ url: server.url }, 'metrics');
  return server;
}
