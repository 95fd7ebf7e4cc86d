import { Gauge, type Registry } from 'prom-client';
import type { SourceStatus } from '../pipelines/sources/status.ts';

/**
 * What Prometheus reads of the sources of data, in processes that take data in.
 *
 * @returns replaces what is shown
 */
export function openSourceMetrics(registry: Registry): (statuses: readonly SourceStatus[]) => void {
  const registers = [registry];
  const gauge = (name: string, help: string, labelNames: readonly string[]) =>
    new Gauge({ name, help, labelNames, registers });
  const ofSource = ['source', 'kind'];
  const newest = gauge(
    'mondaymix_source_newest_timestamp_seconds',
    'When the newest row of a source is of, in seconds since 1970.',
    ofSource,
  );
  const rows = gauge('mondaymix_source_rows', 'Rows of a source in the lake.', ofSource);
  const stale = gauge('mondaymix_source_stale', 'Whether a source is stale: 1 or 0.', ofSource);
  const parked = gauge(
    'mondaymix_source_parked',
    'Whether a source is tried rarely, because it failed too often: 1 or 0.',
    ofSource,
  );
  const lagEntries = gauge(
    'mondaymix_log_lag_entries',
    'Messages that the broker has and the lake has not.',
    [],
  );
  const lagSeconds = gauge('mondaymix_log_lag_seconds', 'Since the oldest of these arrived.', []);
  // What nobody knows is not shown as nothing, nor as what it was.
  lagEntries.set(NaN);
  lagSeconds.set(NaN);
  return (statuses) => {
    for (const shown of [newest, rows, stale, parked]) shown.reset();
    for (const status of statuses) {
      const labels = { source: status.name, kind: status.kind };
      if (status.newest !== null) newest.set(labels, Date.parse(status.newest) / 1000);
      rows.set(labels, status.rows);
      stale.set(labels, status.isStale ? 1 : 0);
      parked.set(labels, status.parked === null ? 0 : 1);
      if (status.kind !== 'log') continue;
      lagEntries.set(status.lag?.entries ?? NaN);
      lagSeconds.set(status.lag?.seconds ?? NaN);
    }
  };
}
