import { fromTriples, rowOf } from '../model/interactions.ts';
import type { Sql } from './ports.ts';
import type { World } from './world.ts';

/** Which works each listener has heard, in any version, before the cut-off. */
export interface HeardWorks {
  /** `work_ix`, ascending; a view. */
  of(listener: number): Int32Array;
}

/** Reads `snapshot.heard`. */
export async function heardWorks(sql: Sql, world: World): Promise<HeardWorks> {
  const { listener_ix, work_ix } = await sql.columns<'listener_ix' | 'work_ix'>(
    'SELECT listener_ix, work_ix FROM snapshot.heard ORDER BY ALL',
  );
  const heard = fromTriples(
    listener_ix,
    work_ix,
    undefined,
    world.interactions.numRows,
    world.tracks.numWorks,
  );
  return { of: (listener) => rowOf(heard, listener).indices };
}
