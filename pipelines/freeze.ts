import { Mistake } from '../model/mistake.ts';
import { addWeeks, weekCutoffUtc, weekOf } from '../model/week.ts';
import { fromLake, type LakeSnapshot } from './lake.ts';
import type { Clock, Sql } from './ports.ts';
import { hasSoundTable } from './sounds.ts';
import { takenOverBy, weekToLearnFrom, type ExamplesOfWeeks } from './take-over.ts';
import { trainingCutoffs } from './training-cutoffs.ts';
import type { FrozenChampion, FrozenWeek, WeekOptions } from './week-plan.ts';

/** Lists do not repeat a track of this many weeks before. */
export const weeksWithoutRepeat = 8;

/** The frozen weeks of a lake. */
export interface FrozenWeeks {
  find(week: string): Promise<FrozenWeek | undefined>;
  write(week: FrozenWeek): Promise<void>;
}

export interface Freezing {
  readonly week: string;
  /** What was asked for; what is left out is as the week is frozen, or in a new revision the default. */
  readonly asked: Partial<WeekOptions>;
  readonly defaults: WeekOptions;
  /** Makes a new revision, on what the lake holds now. */
  readonly recompute: boolean;
  readonly lake: LakeSnapshot;
  readonly weeks: FrozenWeeks;
  /** The champion that a week with this cut-off may know. Left out: there is none. */
  readonly championBefore?: (cutoffMs: number) => Promise<FrozenChampion | undefined>;
  /** Left out: what the ranker learns from is made anew, as it is for a new revision. */
  readonly examples?: ExamplesOfWeeks;
  readonly sql: Sql;
  readonly clock: Clock;
}

/**
 * Freezes a week: cut-off, inputs and options are decided once, before its first stage runs. A week
 * that is frozen already is given back as it is.
 *
 * @throws Mistake `USAGE` where it is frozen with other options than asked for; `SOURCE_EMPTY`
 *   where there is no listen before the cut-off
 */
export async function freezeWeek(freezing: Freezing): Promise<FrozenWeek> {
  const { week, asked, defaults, recompute, lake, weeks, sql, clock } = freezing;
  const examples = recompute ? undefined : freezing.examples;
  const existing = await weeks.find(week);
  if (existing !== undefined && !recompute) {
    checkAsked(existing, asked);
    return existing;
  }
  const options: WeekOptions = { ...defaults, ...withoutUndefined(asked) };
  const cutoffMs = weekCutoffUtc(week);
  const learning =
    examples === undefined
      ? undefined
      : await weekToLearnFrom(week, options.trainingWeeks, (key) => weeks.find(key));
  const known = await knownBefore(sql, lake, cutoffMs, learning?.cutoff);
  if (known.rows === 0) {
    const held =
      known.first === null
        ? 'none'
        : `listens from ${known.first.toISOString()} to ${known.last!.toISOString()}`;
    throw new Mistake(
      'SOURCE_EMPTY',
      `week ${week}: expected listens before its cut-off ${iso(cutoffMs)}, the lake holds ${held}`,
    );
  }
  const champion = await freezing.championBefore?.(cutoffMs);
  const soundTable = await hasSoundTable(sql, lake);
  const frozen: FrozenWeek = {
    format: 1,
    week,
    revision: (existing?.revision ?? 0) + 1,
    frozenAt: iso(clock()),
    cutoff: iso(cutoffMs),
    trainingCutoffs: trainingCutoffs(iso(cutoffMs), known.first!.getTime(), options.trainingWeeks),
    catalogue: options.catalogue ?? (known.catalogued > 0 ? 'asof' : 'all'),
    ...(soundTable ? { soundTable } : {}),
    options,
    lake: { id: lake.id, tables: mutableTables(lake) },
    listens: known.listens,
    previous: await previousLists(week, weeks),
    ...(champion === undefined ? {} : { champion }),
    // What was made before stays in force until the new revision has its lists.
    ...(existing?.lists === undefined ? {} : { lists: existing.lists }),
  };
  const takenOver =
    examples === undefined || learning === undefined
      ? []
      : await takenOverBy(frozen, learning, known.earlier, examples);
  const decided = takenOver.length === 0 ? frozen : { ...frozen, takenOver };
  await weeks.write(decided);
  return decided;
}

/** The zone in which a Monday begins last. */
const lastZone = 'Etc/GMT+12';

/**
 * The week to make where none is asked for: the one that follows the newest listen, as the zone
 * counts in which a Monday begins last.
 *
 * @throws Mistake `SOURCE_EMPTY` for a lake without listens
 */
export async function defaultWeek(sql: Sql, lake: LakeSnapshot): Promise<string> {
  const [row] = await sql.rows<{ last: Date | null }>(
    `SELECT max(listened_at) AS last FROM ${fromLake('listens', lake.tables.listens)}`,
  );
  if (row!.last === null) {
    throw new Mistake('SOURCE_EMPTY', 'the lake: expected listens, got none; import some');
  }
  return addWeeks(weekOf(row!.last.getTime(), lastZone), 1);
}

/**
 * Rows of listens before the cut-off; how many listens these are about, and those before an earlier
 * cut-off, what sources tell twice counted once; entries of the catalogue before it.
 */
interface Known {
  readonly rows: number;
  readonly listens: number;
  readonly earlier: number;
  readonly catalogued: number;
  readonly first: Date | null;
  readonly last: Date | null;
}

async function knownBefore(
  sql: Sql,
  lake: LakeSnapshot,
  cutoffMs: number,
  earlierCutoff: string | undefined,
): Promise<Known> {
  const [row] = await sql.rows<Known>(
    `SELECT count(*) FILTER (listened_at < CAST($cutoff AS TIMESTAMP)) AS rows,
            approx_count_distinct(hash(listener, listened_at))
              FILTER (listened_at < CAST($cutoff AS TIMESTAMP)) AS listens,
            approx_count_distinct(hash(listener, listened_at))
              FILTER (listened_at < CAST($earlier AS TIMESTAMP)) AS earlier,
            min(listened_at) AS first, max(listened_at) AS last,
            (SELECT count(*) FROM ${fromLake('recordings', lake.tables.recordings)}
             WHERE known_from < CAST($cutoff AS TIMESTAMP)) AS catalogued
     FROM ${fromLake('listens', lake.tables.listens)}`,
    {
      cutoff: iso(cutoffMs).replace('Z', ''),
      earlier: (earlierCutoff ?? iso(cutoffMs)).replace('Z', ''),
    },
  );
  return row!;
}

async function previousLists(week: string, weeks: FrozenWeeks): Promise<FrozenWeek['previous']> {
  const previous: FrozenWeek['previous'] = [];
  for (let back = 1; back <= weeksWithoutRepeat; back++) {
    const before = await weeks.find(addWeeks(week, -back));
    if (before?.lists === undefined) continue;
    previous.push({ week: before.week, fingerprint: before.lists.fingerprint });
  }
  return previous;
}

function checkAsked(existing: FrozenWeek, asked: Partial<WeekOptions>): void {
  for (const [name, value] of Object.entries(withoutUndefined(asked))) {
    const frozen =
      name === 'catalogue' ? existing.catalogue : existing.options[name as keyof WeekOptions];
    if (value !== frozen) {
      throw new Mistake(
        'USAGE',
        `week ${existing.week} is frozen with ${name} = ${String(frozen)}, got ${String(value)}; --recompute makes a new revision`,
      );
    }
  }
}

function mutableTables(lake: LakeSnapshot): FrozenWeek['lake']['tables'] {
  return Object.fromEntries(
    Object.entries(lake.tables).map(([name, files]) => [name, [...files]]),
  ) as FrozenWeek['lake']['tables'];
}

function withoutUndefined<Value extends object>(value: Value): Value {
  return Object.fromEntries(
    Object.entries(value).filter(([, inner]) => inner !== undefined),
  ) as Value;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
