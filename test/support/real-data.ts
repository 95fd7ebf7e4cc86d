import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from '@jest/globals';

/** The folder of the real data, beside the project. */
export const realData = join(import.meta.dirname, '../../../shared/data');

/**
 * `describe` for tests on the real data. Where these are absent it says so aloud and tests nothing;
 * where `CI` is set that is an error.
 */
export function describeRealData(name: string, tests: () => void): void {
  const isThere = existsSync(realData);
  if (!isThere && process.env['CI']) {
    throw new Error(`expected the real data in ${realData}, found nothing`);
  }
  // eslint-disable-next-line no-console -- a test that is not made must be seen
  if (!isThere) console.warn(`NOT TESTED, ${name}: the real data are not in ${realData}`);
  (isThere ? describe : describe.skip)(name, tests);
}

/** A row of the listens, as the file has it. */
export interface RawListen {
  readonly timestamp_utc: string;
  readonly user: string;
  readonly time_zone: string;
  readonly utc_offset_s: string;
  readonly artist: string;
  readonly track: string;
}

/** The listens of the real data, read without any of the project's code. */
export async function rawListens(): Promise<RawListen[]> {
  const text = await readFile(join(realData, 'listens', 'nowplaying-2014.csv'), 'utf8');
  const [names, ...rows] = csvRows(text);
  return rows.map((row) => {
    if (row.length !== names!.length)
      throw new Error(`expected ${names!.length} fields: ${row[0]}`);
    return Object.fromEntries(row.map((field, n) => [names![n]!, field])) as unknown as RawListen;
  });
}

/** RFC 4180: fields in quotes may hold commas, line ends and doubled quotes. */
export function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
    if (match[3] === ',') continue;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}
