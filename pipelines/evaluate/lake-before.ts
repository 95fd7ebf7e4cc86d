import { createHash } from 'node:crypto';
import type { LakeSnapshot } from '../lake.ts';

/**
 * A lake of which only the listens of some days are seen; all else stays. The id follows from the
 * names of the segments that are left, so it does not change where later ones come or go.
 *
 * @param sees - given the UTC day of a segment of listens, `2014-08-25`
 */
export function lakeWithListens(lake: LakeSnapshot, sees: (day: string) => boolean): LakeSnapshot {
  return lakeOf({
    ...lake.tables,
    listens: lake.tables.listens.filter((file) => sees(dayOf(file))),
  });
}

/** A lake of these files. */
export function lakeOf(tables: LakeSnapshot['tables']): LakeSnapshot {
  const id = createHash('sha256');
  for (const [table, files] of Object.entries(tables)) {
    for (const file of files) id.update(`${table} ${file.split(/[/\\]/).slice(-2).join('/')}\n`);
  }
  return { id: id.digest('hex').slice(0, 16), tables };
}

/** The UTC day of a segment of listens: its folder is `day=2014-08-25`. */
export function dayOf(file: string): string {
  const day = /[/\\]day=(\d{4}-\d{2}-\d{2})[/\\]/.exec(file)?.[1];
  if (day === undefined) throw new Error(`${file}: expected a segment of listens of one day`);
  return day;
}

/** The day so many days after a day. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
}
