import { Mistake } from '../../model/mistake.ts';
import { weekMs } from '../../model/week.ts';
import { fromLake, type LakeSnapshot } from '../lake.ts';
import type { Sql } from '../ports.ts';
import { addDays, lakeOf, lakeWithListens } from './lake-before.ts';
import type { NextQuestion } from './next.ts';
import { hasSoundTable } from '../sounds.ts';

export interface AskedNext {
  /** `2014-08-25`; undefined: the last Monday with the whole horizon after it in the data. */
  readonly cutoff: string | undefined;
  /** The further file of listens, for messages. */
  readonly truth: string | undefined;
  /** Weekly cut-offs that end with this one, 1 or more. */
  readonly weeks: number;
  readonly horizonDays: number;
}

export interface NextPlan {
  readonly lakes: Pick<NextQuestion, 'lake' | 'truth' | 'cutoffs' | 'firstListenMs' | 'soundTable'>;
  readonly trainedOn: { readonly listens: number };
  readonly truth: {
    /** Listens from the first cut-off on, to the end of the last horizon. */
    readonly listens: number;
    /** Of the further file: before the cut-off, and after the horizon. Neither is used. */
    readonly ignoredBefore: number;
    readonly ignoredAfter: number;
  };
}

/**
 * The cut-offs, each at 00:00 UTC, and the lakes: of what is trained on, which ends at the last
 * cut-off, and of what is to be found, which goes on to the end of its horizon.
 *
 * @param further - a lake whose listens from the last cut-off on are to be found, instead of those
 *   of the data
 * @throws Mistake `SOURCE_EMPTY` where there is nothing before the cut-offs, or nothing to find
 */
export async function planNext(
  sql: Sql,
  lake: LakeSnapshot,
  further: LakeSnapshot | undefined,
  { cutoff, truth, weeks, horizonDays }: AskedNext,
): Promise<NextPlan> {
  const all = await spanOf(sql, lake);
  if (all.first === null) {
    throw new Mistake('SOURCE_EMPTY', 'the lake: expected listens, got none; import some');
  }
  const held = `listens from ${all.first.toISOString()} to ${all.last!.toISOString()}`;
  const last = cutoff ?? lastMonday(all.last!, further === undefined ? horizonDays : 0);
  const end = addDays(last, horizonDays);
  const known = lakeWithListens(lake, (day) => day < last);
  const before = await spanOf(sql, known);
  const earliest = Date.parse(last) - (weeks - 1) * weekMs;
  if (before.first === null || earliest <= before.first.getTime()) {
    throw new Mistake(
      'SOURCE_EMPTY',
      `--cutoff ${last}${weeks > 1 ? ` --weeks ${weeks}` : ''}: expected listens before ` +
        `${new Date(earliest).toISOString()}, the lake holds ${held}`,
    );
  }
  const after = lakeWithListens(further ?? lake, (day) => day >= last && day < end);
  const ignored = async (sees: (day: string) => boolean): Promise<number> =>
    further === undefined ? 0 : (await spanOf(sql, lakeWithListens(further, sees))).listens;
  const ignoredBefore = await ignored((day) => day < last);
  const ignoredAfter = await ignored((day) => day >= end);
  const toFind = (await spanOf(sql, after)).listens;
  if (toFind === 0) {
    throw new Mistake(
      'SOURCE_EMPTY',
      `${truth ?? 'the lake'}: expected listens from ${last} to before ${end}, got ` +
        (further === undefined
          ? held
          : `${ignoredBefore} before and ${ignoredAfter} after, and none in between`),
    );
  }
  const cutoffs = Array.from({ length: weeks }, (_, n) =>
    new Date(earliest + n * weekMs).toISOString(),
  );
  const first = cutoffs[0]!.slice(0, 10);
  const between = await spanOf(
    sql,
    lakeWithListens(known, (day) => day >= first),
  );
  return {
    lakes: {
      lake: known,
      truth: lakeOf({
        ...known.tables,
        listens: [...known.tables.listens, ...after.tables.listens],
      }),
      cutoffs,
      firstListenMs: before.first.getTime(),
      soundTable: await hasSoundTable(sql, known),
    },
    trainedOn: { listens: before.listens },
    truth: { listens: between.listens + toFind, ignoredBefore, ignoredAfter },
  };
}

async function spanOf(
  sql: Sql,
  lake: LakeSnapshot,
): Promise<{ listens: number; first: Date | null; last: Date | null }> {
  const [row] = await sql.rows<{ listens: number; first: Date | null; last: Date | null }>(
    `SELECT count(*) AS listens, min(listened_at) AS first, max(listened_at) AS last
     FROM ${fromLake('listens', lake.tables.listens)}`,
  );
  return row!;
}

/** The last Monday that has so many days of listens from it on. */
function lastMonday(last: Date, days: number): string {
  // The day of the last listen counts as whole.
  const end = Date.parse(addDays(dayOfInstant(last), 1 - days));
  const firstMonday = '1970-01-05';
  return addDays(firstMonday, 7 * Math.floor((end - Date.parse(firstMonday)) / weekMs));
}

function dayOfInstant(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}
