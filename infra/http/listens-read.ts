import pLimit from 'p-limit';
import { Unavailable } from '../../pipelines/delivery/ports.ts';
import { fromLake, type Lake } from '../../pipelines/lake.ts';
import type { Clock, Sql } from '../../pipelines/ports.ts';
import { Recent } from '../recent.ts';
import { newestDays, type DayOfListens, type Days } from './listens-days.ts';
import {
  opinionsOf,
  recordingOf,
  type FeedbackWindow,
  type Opinions,
  type RecordingId,
  type RecordingNames,
} from './listens-feedback.ts';
import type { ListenRow } from './listens-row.ts';

export interface ListenTotals {
  readonly count: number;
  /** Seconds since 1970; undefined without listens. */
  readonly latestS: number | undefined;
  readonly oldestS: number | undefined;
}

export interface ListenWindow {
  /** Listens before this second only, itself excluded. */
  readonly maxS: number | undefined;
  /** Listens after this second only, itself excluded; the oldest of them are given. */
  readonly minS: number | undefined;
  /** 0 or more. */
  readonly count: number;
}

/** Reads listens back, from whatever source they came into the lake. */
export interface ListenReader {
  totals(listener: string): Promise<ListenTotals>;
  /** The newest first; of one second by artist and title. */
  listens(listener: string, window: ListenWindow): Promise<ListenRow[]>;
  /** See `recordingOf`. */
  recording(listener: string, id: RecordingId): Promise<RecordingNames | undefined>;
  /** See `opinionsOf`. */
  opinions(listener: string, window: FeedbackWindow): Promise<Opinions>;
  dispose(): Promise<void>;
}

export interface ListenReading {
  readonly lake: Lake;
  readonly openSql: () => Promise<Sql>;
  readonly clock: Clock;
}

/** How many questions may wait for the one that is answered; who comes after those is told so. */
const maxWaiting = 64;
/** Listeners whose days are remembered. */
const maxListeners = 2000;
const rememberedMs = 3_600_000;

/** A row may be in the lake once for each source: it is one listen all the same. */
const identity = 'listened_at, least(artist, title), greatest(artist, title)';

/**
 * Nothing is opened before the first question. What a listener has on each day is remembered, and
 * counted again where the files of the day are others: the whole lake is looked through once for a
 * listener, and from then on the days that changed and those that are asked for.
 */
export function openListenReader({ lake, openSql, clock }: ListenReading): ListenReader {
  let session: Promise<Sql> | undefined;
  const inTurn = pLimit(1);
  const files = newestDays(lake, clock);
  const remembered = new Recent<Map<string, DayTotals>>(maxListeners);

  /** Asks once more where a file is gone: it was compacted or erased since the snapshot. */
  function ask<Result>(question: (sql: Sql, days: Days) => Promise<Result>): Promise<Result> {
    if (inTurn.pendingCount >= maxWaiting) {
      return Promise.reject(new Unavailable('Cannot fetch listens right now.'));
    }
    return inTurn(async () => {
      session ??= openSql();
      const sql = await session;
      const known = await files.newest();
      try {
        return await question(sql, known);
      } catch (error) {
        const renewed = await files.renewed();
        if (renewed.id === known.id) throw error;
        return question(sql, renewed);
      }
    });
  }

  /** What the listener has on each day of the lake that has any, the newest day first. */
  async function daysOf(sql: Sql, { days }: Days, listener: string): Promise<DayTotals[]> {
    const before = remembered.get(listener, clock()) ?? new Map<string, DayTotals>();
    const changed = days.filter((day) => before.get(day.day)?.of !== day);
    const counted = await countDays(sql, changed, listener);
    const after = new Map(
      days.map((day) => [
        day.day,
        counted.get(day.day) ??
          (before.get(day.day)?.of === day ? before.get(day.day)! : none(day)),
      ]),
    );
    remembered.set(listener, after, clock() + rememberedMs);
    return [...after.values()].filter(({ count }) => count > 0);
  }

  return {
    totals: (listener) =>
      ask(async (sql, days) => {
        const found = await daysOf(sql, days, listener);
        return {
          count: found.reduce((sum, { count }) => sum + count, 0),
          latestS: found[0]?.latestS,
          oldestS: found.at(-1)?.oldestS,
        };
      }),
    listens: (listener, window) =>
      ask(async (sql, days) =>
        listensOf(sql, daysFor(await daysOf(sql, days, listener), window), listener, window),
      ),
    recording: (listener, id) =>
      ask(async (sql, days) =>
        recordingOf(sql, ofListener(await daysOf(sql, days, listener)), listener, id),
      ),
    opinions: (listener, window) =>
      ask(async (sql, days) => {
        const listens = ofListener(await daysOf(sql, days, listener));
        return opinionsOf(sql, { feedback: days.feedback, listens }, listener, window);
      }),
    async dispose() {
      inTurn.clearQueue();
      const sql = await session?.catch(() => undefined);
      session = undefined;
      sql?.dispose();
    },
  };
}

/** What a listener has on a UTC day. */
interface DayTotals {
  readonly of: DayOfListens;
  readonly count: number;
  readonly latestS: number;
  readonly oldestS: number;
}

const none = (of: DayOfListens): DayTotals => ({ of, count: 0, latestS: 0, oldestS: 0 });

async function countDays(
  sql: Sql,
  days: readonly DayOfListens[],
  listener: string,
): Promise<Map<string, DayTotals>> {
  if (days.length === 0) return new Map();
  const rows = await sql.rows<{ day: string; count: number; latest: number; oldest: number }>(
    `SELECT strftime(listened_at, '%Y-%m-%d') AS day, count(DISTINCT (${identity})) AS count,
            epoch(max(listened_at))::BIGINT AS latest, epoch(min(listened_at))::BIGINT AS oldest
     FROM ${fromLake('listens', filesOf(days))} WHERE listener = $listener
     GROUP BY day ORDER BY day`,
    { listener },
  );
  const byName = new Map(days.map((day) => [day.day, day]));
  return new Map(
    rows.map(({ day, count, latest, oldest }) => [
      day,
      { of: byName.get(day)!, count, latestS: latest, oldestS: oldest },
    ]),
  );
}

/** As many days as hold the listens that are asked for, from the end that they are asked from. */
function daysFor(newestFirst: readonly DayTotals[], window: ListenWindow): DayOfListens[] {
  const { maxS = Infinity, minS = -Infinity, count } = window;
  const fitting = newestFirst.filter(({ latestS, oldestS }) => latestS > minS && oldestS < maxS);
  if (window.minS !== undefined) fitting.reverse();
  const chosen: DayOfListens[] = [];
  let sure = 0;
  for (const { of, count: onDay, latestS, oldestS } of fitting) {
    if (sure >= count) break;
    chosen.push(of);
    if (oldestS > minS && latestS < maxS) sure += onDay;
  }
  return chosen;
}

async function listensOf(
  sql: Sql,
  days: readonly DayOfListens[],
  listener: string,
  { maxS, minS, count }: ListenWindow,
): Promise<ListenRow[]> {
  if (count === 0 || days.length === 0) return [];
  const order = minS === undefined ? 'DESC' : 'ASC';
  return sql.rows<ListenRow>(
    `WITH found AS (
       SELECT epoch(listened_at)::BIGINT AS listened_at, artist, title, album, info
       FROM ${fromLake('listens', filesOf(days))}
       WHERE listener = $listener
         AND listened_at > make_timestamp($min::BIGINT) AND listened_at < make_timestamp($max::BIGINT)
       QUALIFY row_number() OVER (PARTITION BY ${identity} ORDER BY source, artist, info) = 1
       ORDER BY listened_at ${order}, artist, title LIMIT ${count}
     )
     FROM found ORDER BY listened_at DESC, artist, title`,
    { listener, min: microseconds(minS ?? earliestS), max: microseconds(maxS ?? latestS) },
  );
}

const filesOf = (days: readonly DayOfListens[]): string[] => days.flatMap(({ files }) => files);
const ofListener = (days: readonly DayTotals[]): string[] => filesOf(days.map(({ of }) => of));

/** The ends of the years 1 and 9999: what the API takes for a time. */
export const earliestS = -62_135_596_800;
export const latestS = 253_402_300_799;

const microseconds = (seconds: number): bigint => BigInt(seconds) * 1_000_000n;
