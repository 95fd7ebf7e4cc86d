import type { Sql } from './ports.ts';
import { readRows } from './shared-rows.ts';
import type { WorldColumns } from './world-columns.ts';

/** Works of each listener as columns, ascending for each: those of l are `works[start[l] .. start[l + 1]]`. */
export interface ListenerWorks {
  /** [listeners + 1] */
  readonly start: Uint32Array;
  /** `work_ix` */
  readonly works: Int32Array;
}

/** A view. */
export function worksOf({ start, works }: ListenerWorks, listener: number): Int32Array {
  return works.subarray(start[listener], start[listener + 1]);
}

/** Works that are not for a listener's list. */
export interface WorksNotListed {
  /** Heard in any version before the cut-off. */
  readonly heard: ListenerWorks;
  /** Listed to them in the weeks before. */
  readonly delivered: ListenerWorks;
}

/** Reads `snapshot.heard` and the table `delivered`. */
export async function readWorksNotListed(sql: Sql, world: WorldColumns): Promise<WorksNotListed> {
  return {
    heard: await heardWorks(sql, world),
    delivered: await worksByListener(sql, world, 'delivered'),
  };
}

/** Which works each listener has heard, in any version, before the cut-off: `snapshot.heard`. */
export function heardWorks(sql: Sql, world: WorldColumns): Promise<ListenerWorks> {
  return worksByListener(sql, world, 'snapshot.heard');
}

/** @param table - of (listener_ix, work_ix), in any order, pairs perhaps more than once */
export async function worksByListener(
  sql: Sql,
  world: Pick<WorldColumns, 'interactions' | 'tracks'>,
  table: string,
): Promise<ListenerWorks> {
  const { start, indices } = await readRows(sql, {
    query: `SELECT listener_ix AS row, work_ix AS item FROM ${table}`,
    numRows: world.interactions.numRows,
    numItems: world.tracks.numWorks,
    order: 'items',
  });
  return { start, works: indices };
}
