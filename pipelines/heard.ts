import { fromTriples, rowOf } from '../model/interactions.ts';
import type { Sql } from './ports.ts';
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

/** @param table - of (listener_ix, work_ix) */
export async function worksByListener(
  sql: Sql,
  world: World,
  table: string,
): Promise<WorksByListener> {
  const { listener_ix, work_ix } = await sql.columns<'listener_ix' | 'work_ix'>(
    `SELECT listener_ix, work_ix FROM ${table} ORDER BY ALL`,
  );
  const works = fromTriples(
    listener_ix,
    work_ix,
    undefined,
    world.interactions.numRows,
    world.tracks.numWorks,
  );
  return { of: (listener) => rowOf(works, listener).indices };
}
