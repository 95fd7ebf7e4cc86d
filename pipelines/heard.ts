import type { Sql } from './ports.ts';
import { readRows } from './shared-rows.ts';
import type { World } from './world.ts';

/** Works of each listener: those heard before the cut-off, or those listed to them lately. */
export interface WorksByListener {
  /** `work_ix`, ascending; a view. */
  of(listener: number): Int32Array;
}

/** Which works each listener has heard, in any version, before the cut-off: `snapshot.heard`. */
export function heardWorks(sql: Sql, world: World): Promise<WorksByListener> {
  return worksByListener(sql, world, 'snapshot.heard');
}

/** @param table - of (listener_ix, work_ix), in any order, pairs perhaps more than once */
export async function worksByListener(
  sql: Sql,
  world: World,
  table: string,
): Promise<WorksByListener> {
  const numRows = world.interactions.numRows;
  const { start, indices } = await readRows(sql, {
    query: `SELECT listener_ix AS row, work_ix AS item FROM ${table}`,
    numRows,
    numItems: world.tracks.numWorks,
    order: 'items',
  });
  return {
    of(listener) {
      if (listener in start && listener < numRows) {
        return indices.subarray(start[listener], start[listener + 1]);
      }
      throw new RangeError(
        `expected a listener of 0 or more and below ${numRows}, got ${listener}`,
      );
    },
  };
}
