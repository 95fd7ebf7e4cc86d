import { fromLake, type LakeUpdate } from '../lake.ts';
import { lakeTables, type LakeTable } from '../tables.ts';

/** Files of the lake's table `erasures`, whatever brought them. */
export function erasureFiles(update: LakeUpdate): string[] {
  return update
    .held()
    .filter(({ table, counts }) => table === 'erasures' && counts)
    .map(({ path }) => path);
}

/** Columns that say when a row of a table with listeners is from. */
const timeColumns = ['listened_at', 'happened_at', 'known_from', 'tagged'];

/**
 * Whether a row of a table is one of a listener who was erased after it, as SQL over its columns;
 * undefined where the table knows no listeners, or nobody was erased. A row without a time is as
 * old as can be.
 *
 * @param erasures - files of the lake's table `erasures`
 */
export function isErased(table: LakeTable, erasures: readonly string[]): string | undefined {
  const columns: Record<string, string> = lakeTables[table];
  if (!('listener' in columns) || erasures.length === 0) return undefined;
  const time = timeColumns.find((column) => column in columns);
  const isBefore = time === undefined ? 'true' : `coalesce(${time} <= erased_at, true)`;
  return `EXISTS (
    SELECT 1 FROM (SELECT listener_hash, max(happened_at) AS erased_at
                   FROM ${fromLake('erasures', erasures)} GROUP BY listener_hash)
    WHERE listener_hash = sha256(listener) AND ${isBefore})`;
}

/**
 * Whether text names a listener who was erased, as SQL: as a field between commas, tabs or quotes,
 * or as a word. Undefined where nobody was erased.
 */
export function namesErased(column: string, erasures: readonly string[]): string | undefined {
  if (erasures.length === 0) return undefined;
  return `list_has_any(
    ${hashesIn(column)},
    (SELECT list(listener_hash) FROM ${fromLake('erasures', erasures)}))`;
}

/** The SHA-256 of all that may be the id of a listener in a text, as SQL. */
export function hashesIn(column: string): string {
  const parts = [String.raw`[,;\t"{}:]+`, String.raw`[^\pL\pN_.@~+-]+`]
    .map((separator) => `regexp_split_to_array(coalesce(${column}, ''), '${separator}')`)
    .join(', ');
  return `list_transform(list_distinct(list_concat(${parts})), lambda part: sha256(trim(part)))`;
}
