import { languageTag } from '../../model/language-tags.ts';
import { ianaZone, zoneOfOffset } from '../../model/zone-names.ts';
import { readSql } from '../sql.ts';
import type { ImportSession } from './session.ts';

/**
 * Turns the view `view` (row, fault, listened_at, listener, zone, utc_offset_s, language, artist,
 * title, name_repairs) of the file read as `file` into rows of the table `listens`.
 *
 * Zones and languages are looked up once for each way in which they are written. A listen without
 * a zone takes that of the listener's listen nearest in time, of two as near the earlier; without
 * one, the zone of its offset from UTC.
 */
export async function putListens(
  session: ImportSession,
  file: string,
  view: string,
): Promise<void> {
  const { sql } = session;
  await lookUp(session, view, 'zone', ianaZone);
  await lookUp(session, view, 'language', languageTag);
  await lookUp(session, view, 'utc_offset_s', (text) =>
    /^-?\d{1,5}$/.test(text.trim()) ? zoneOfOffset(Number(text)) : undefined,
  );
  const parsed = readSql(import.meta.url, 'listens.sql').replaceAll('{view}', view);
  await session.take('usable_listens', file, `(${parsed})`);
  await sql.run(readSql(import.meta.url, 'listens-zones.sql'));
  const [filled] = await sql.rows<{ nearest: number; offset: number }>(
    `SELECT count(*) FILTER (f.zone IS NOT NULL) AS nearest,
            count(*) FILTER (f.zone IS NULL AND u.offset_zone IS NOT NULL) AS "offset"
     FROM usable_listens u LEFT JOIN filled_zones f USING (listener, listened_at)
     WHERE u.zone IS NULL`,
  );
  session.repaired("zone of the listener's nearest listen", filled!.nearest);
  session.repaired('zone of the offset', filled!.offset);
  await session.put('listens', 'located_listens');
}

/**
 * Makes a table (text, value) of the ways in which a column is written.
 *
 * @param table - its name; default `<column>_known`
 */
export async function lookUp(
  { sql }: ImportSession,
  view: string,
  column: string,
  find: (text: string) => string | undefined,
  table = `${column}_known`,
): Promise<void> {
  await sql.run(`CREATE TEMP TABLE ${table} (text VARCHAR, value VARCHAR)`);
  const rows = sql.stream<{ text: string }>(
    `SELECT DISTINCT ${column} AS text FROM ${view} WHERE ${column} IS NOT NULL`,
  );
  const known: [string, string][] = [];
  for await (const chunk of rows) {
    for (const { text } of chunk) {
      const value = find(text);
      if (value !== undefined) known.push([text, value]);
    }
  }
  await sql.append(table, known);
}
