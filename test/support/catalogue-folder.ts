import { mkdir } from 'node:fs/promises';
import type { Sql } from '../../pipelines/ports.ts';
import { catalogueTables, textTables } from '../../pipelines/tables.ts';
import { writeTable, type Rows } from './tables.ts';

/** A catalogue as the stage of that name writes it; tables left out are empty. */
export async function writeCatalogue(
  sql: Sql,
  folder: string,
  rows: Partial<Record<keyof typeof catalogueTables, Rows>>,
): Promise<string> {
  return writeTables(sql, folder, catalogueTables, rows);
}

/** The text features as the stage of that name writes them; tables left out are empty. */
export async function writeText(
  sql: Sql,
  folder: string,
  rows: Partial<Record<keyof typeof textTables, Rows>>,
): Promise<string> {
  return writeTables(sql, folder, textTables, rows);
}

async function writeTables(
  sql: Sql,
  folder: string,
  tables: Readonly<Record<string, Readonly<Record<string, string>>>>,
  rows: Readonly<Record<string, Rows>>,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, columns] of Object.entries(tables)) {
    await writeTable(sql, folder, name, columns, rows[name] ?? []);
  }
  return folder;
}
