import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Ledger, LedgerEntry } from '../pipelines/delivery/ports.ts';
import type { Outlook } from '../pipelines/delivery/watch.ts';
import type { SourceStatus } from '../pipelines/sources/status.ts';
import { openSourceMetrics } from './source-metrics.ts';

/**
 * What Prometheus reads. Every process has all of these names; what it has no part in stays at
 * nothing. Zones are labels: some 400 series of each that has them.
 */
export interface Metrics {
  readonly registry: Registry;
  /** Counts what the ledger is told was delivered: lists, and late ones, by zone. */
  counting<L extends Ledger>(ledger: L): L;
  /** A batch became a dead letter. */
  failed(entry: LedgerEntry): void;
  /** Batches that this process works on. */
  batches(change: 1 | -1): void;
  /** From the confirmed publishing of a batch to its entry in the ledger. */
  stored(secondsSincePublished: number): void;
  /** Replaces what is shown of the weeks and their zones. */
  show(outlook: Outlook): void;
  /** Replaces what is shown of the sources of data. */
  showSources(statuses: readonly SourceStatus[]): void;
  /** What a stage of the week took when it last ran. */
  stage(name: string, seconds: number): void;
  /** What is asked of the servers from now on. */
  probe(probes: Probes): void;
  request(labels: { method: string; route: string; status: number }, seconds: number): void;
}

/** What is asked of the servers at each reading. */
export interface Probes {
  /** Asks each server for a sign of life; rejects where there is none. */
  readonly servers: Readonly<Record<string, () => Promise<unknown>>>;
  /** Messages in the queue of batches, and dead letters. */
  readonly queues?: () => Promise<{ waiting: number; dead: number }>;
  /** For each question. Default 2,000 ms. */
  readonly patienceMs?: number;
}

const secondsToStored = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21_600];
const secondsOfRequests = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

export function openMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ['zone'], registers });
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  const delivered = counter('mondaymix_lists_delivered_total', 'Lists stored, by zone.');
  const late = counter(
    'mondaymix_lists_late_total',
    'Lists that their listener first got after Monday 00:00, by zone.',
  );
  const failed = counter(
    'mondaymix_lists_failed_total',
    'Lists that became dead letters, by zone.',
  );
  const inFlight = gauge('mondaymix_batches_in_flight', 'Batches that are worked on.');
  const toStored = new Histogram({
    name: 'mondaymix_publish_to_stored_seconds',
    help: 'From the publishing of a batch to its entry in the ledger.',
    buckets: secondsToStored,
    registers,
  });
  const requests = new Histogram({
    name: 'mondaymix_http_request_duration_seconds',
    help: 'How long requests took, by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: secondsOfRequests,
    registers,
  });
  const rate = gauge(
    'mondaymix_delivery_rate_lists_per_second',
    'Lists stored a second while work was waiting, over the last ten minutes.',
  );
  const ofZone = ['week', 'zone'];
  const listeners = gauge('mondaymix_zone_listeners', 'Who have a list of the week.', ofZone);
  const due = gauge('mondaymix_zone_due', 'Whose list is due.', ofZone);
  const by00 = gauge('mondaymix_zone_by00', 'Who had it before Monday 00:00.', ofZone);
  const now = gauge('mondaymix_zone_now', 'Who have it now.', ofZone);
  const missing = gauge('mondaymix_zone_missing', 'Due, and not stored.', ofZone);
  const predicted = gauge(
    'mondaymix_zone_predicted_lateness_seconds',
    'From Monday 00:00 to the predicted last list; below 0 in time.',
    ofZone,
  );
  const lateLists = gauge(
    'mondaymix_zone_predicted_late_lists',
    'Lists that come after Monday 00:00 at the present rate, or failed.',
    ofZone,
  );
  const zoneGauges = [listeners, due, by00, now, missing, predicted, lateLists];
  const stages = gauge('mondaymix_stage_seconds', 'What a stage took when it last ran.', ['stage']);
  const finished = gauge(
    'mondaymix_stage_finished_timestamp_seconds',
    'When a stage last ran, in seconds since 1970.',
    ['stage'],
  );
  const showSources = openSourceMetrics(registry);
  let probes: Probes = { servers: {} };
  addProbes(registry, () => probes);

  const count = ({ zone, lists, late: tooLate }: LedgerEntry) => {
    delivered.inc({ zone }, lists);
    if (tooLate > 0) late.inc({ zone }, tooLate);
  };
  return {
    registry,
    counting: (ledger) => counted(ledger, count),
    failed: ({ zone, lists }) => failed.inc({ zone }, lists),
    batches: (change) => inFlight.inc(change),
    stored: (seconds) => toStored.observe(seconds),
    show({ statuses, forecasts, listsPerSecond }) {
      for (const shown of zoneGauges) shown.reset();
      if (listsPerSecond !== undefined) rate.set(listsPerSecond);
      for (const { week, zones } of statuses) {
        for (const zone of zones) {
          const labels = { week, zone: zone.zone };
          listeners.set(labels, zone.listeners);
          due.set(labels, zone.due);
          by00.set(labels, zone.by00);
          now.set(labels, zone.now);
          missing.set(labels, zone.missing + zone.failed);
        }
      }
      for (const { week, zone, deadline, predictedAt, late: tooLate, failed: dead } of forecasts) {
        lateLists.set({ week, zone }, tooLate + dead);
        if (predictedAt === undefined) continue;
        predicted.set({ week, zone }, (predictedAt - deadline) / 1000);
      }
    },
    showSources,
    stage(name, seconds) {
      stages.set({ stage: name }, seconds);
      finished.setToCurrentTime({ stage: name });
    },
    probe(wanted) {
      probes = wanted;
    },
    request: (labels, seconds) => requests.observe(labels, seconds),
  };
}

function counted<L extends Ledger>(ledger: L, count: (entry: LedgerEntry) => void): L {
  return new Proxy(ledger, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...given: unknown[]) => Promise<unknown>;
      if (key !== 'delivered') return call;
      return async (entry: LedgerEntry) => {
        await call(entry);
        count(entry);
      };
    },
  });
}

/** Gauges that are asked for at each reading; what does not answer in time counts as down. */
function addProbes(registry: Registry, probes: () => Probes): void {
  const registers = [registry];
  new Gauge({
    name: 'mondaymix_server_up',
    help: 'Whether a server gives a sign of life: 1 or 0.',
    labelNames: ['server'],
    registers,
    async collect() {
      const { servers, patienceMs } = probes();
      const names = Object.keys(servers);
      const answers = await Promise.allSettled(
        names.map((name) => inTime(servers[name]!(), patienceMs)),
      );
      names.forEach((server, n) =>
        this.set({ server }, answers[n]!.status === 'fulfilled' ? 1 : 0),
      );
    },
  });
  const queue = (name: string, help: string, what: 'waiting' | 'dead') =>
    new Gauge({
      ...{ name, help, registers },
      async collect() {
        const { queues, patienceMs } = probes();
        if (queues === undefined) return;
        // What nobody knows is not shown as what it was.
        const counts = await inTime(queues(), patienceMs).catch(() => undefined);
        this.set(counts?.[what] ?? NaN);
      },
    });
  queue('mondaymix_queue_depth', 'Batches that wait for a worker.', 'waiting');
  queue('mondaymix_dead_letters', 'Messages in the dead-letter queue.', 'dead');
}

async function inTime<Answer>(asked: Promise<Answer>, ms = 2000): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
