import type { EventLog, LoggedTable } from '../../pipelines/intake/log.ts';
import type { Log } from '../../pipelines/ports.ts';

/** Rows of one lake table as NDJSON, each line ended. */
export interface Lines {
  readonly table: LoggedTable;
  readonly lines: readonly string[];
}

/** Writes down what requests bring. */
export interface Gatherer {
  /**
   * Resolves once all of the lines are in the log.
   *
   * @throws what the log's `append` throws; some of the lines may be in the log
   */
  write(rows: Lines): Promise<void>;
}

/** Entries of a table on their way to the log at a time, before others are gathered. */
const maxUnderWay = 2;
/** Characters after which an entry is full. A broker takes messages of some megabytes. */
const fullLength = 512 * 1024;

interface Heap {
  readonly parts: string[];
  length: number;
  /** Resolved or rejected with the entry. */
  readonly done: Promise<void>;
  readonly settle: (sent: Promise<void>) => void;
}

/**
 * Puts the rows of requests that come at the same time into one entry: while `maxUnderWay` entries
 * of a table are on their way, what comes waits for one of them, together. So the cost of an entry
 * is shared when there are many, and nobody waits when there are few. An entry of one request holds
 * whole rows: larger requests are cut into several.
 */
export function gatherEntries(events: Pick<EventLog, 'append'>, log: Log): Gatherer {
  const lanes = new Map<LoggedTable, ReturnType<typeof laneOf>>();
  return {
    write({ table, lines }) {
      let lane = lanes.get(table);
      if (lane === undefined) {
        lane = laneOf(events, log, table);
        lanes.set(table, lane);
      }
      return lane(lines);
    },
  };
}

function laneOf(events: Pick<EventLog, 'append'>, log: Log, table: LoggedTable) {
  let underWay = 0;
  let heap: Heap | undefined;
  let isScheduled = false;

  function send(): void {
    if (heap === undefined) return;
    const { parts, settle } = heap;
    heap = undefined;
    underWay++;
    const body = Buffer.from(parts.join(''));
    const sent = events.append({ table, rows: parts.length, body }).catch((error: Error) => {
      log.warn({ table, rows: parts.length, error: error.message }, 'events are not written down');
      throw error;
    });
    settle(
      sent.finally(() => {
        underWay--;
        if (underWay < maxUnderWay) send();
      }),
    );
  }
  function add(line: string): Promise<void> {
    heap ??= newHeap();
    heap.parts.push(line);
    heap.length += line.length;
    const { done } = heap;
    if (heap.length >= fullLength) send();
    return done;
  }
  function schedule(): void {
    if (isScheduled || heap === undefined || underWay >= maxUnderWay) return;
    isScheduled = true;
    // After the other requests that have arrived together with this one.
    setImmediate(() => {
      isScheduled = false;
      if (underWay < maxUnderWay) send();
    });
  }
  return async (lines: readonly string[]): Promise<void> => {
    const entries = new Set<Promise<void>>();
    for (const line of lines) entries.add(add(line));
    schedule();
    await (entries.size === 1 ? [...entries][0] : Promise.all(entries));
  };
}

function newHeap(): Heap {
  let settle!: Heap['settle'];
  const done = new Promise<void>((resolve) => {
    settle = resolve;
  });
  // Who waits for another entry of the same request may have gone already.
  done.catch(() => undefined);
  return { parts: [], length: 0, done, settle };
}
