import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openLake } from '../../infra/lake.ts';
import { createViews } from '../../pipelines/views.ts';
import { lakeSource } from '../../pipelines/week-plan.ts';

/** A temporary folder; the returned function removes it. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'mondaymix-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Writes files by their path in the folder; a list of lines ends each with a line feed. */
export async function writeSources(
  folder: string,
  files: Readonly<Record<string, string | readonly string[] | Uint8Array>>,
): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    const isLines = Array.isArray(content);
    await writeFile(path, isLines ? `${content.join('\n')}\n` : (content as string));
  }
  return folder;
}

/** Rows of a query over the lake of a home, its tables as `lake.<table>`. */
export async function queryLake<Row = Record<string, unknown>>(
  home: string,
  query: string,
): Promise<Row[]> {
  const snapshot = await openLake(home).snapshot();
  const sql = await openDuckdb({ threads: 1 });
  try {
    await createViews(sql, { lake: lakeSource(snapshot) });
    return await sql.rows<Row>(query);
  } finally {
    sql.dispose();
  }
}

/** The rows that an import kept aside. */
export async function readRejects(
  home: string,
): Promise<{ source: string; file: string; line: number; reason: string; raw: string }[]> {
  const folder = join(home, 'lake', 'rejects');
  const names = await readdir(folder).catch(() => []);
  const texts = await Promise.all(names.sort().map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Awaited<ReturnType<typeof readRejects>>[number]),
  );
}

/** Every file of a lake by its path in it, the lock apart, with its bytes as latin1 text. */
export async function lakeFiles(home: string): Promise<Map<string, string>> {
  const folder = join(home, 'lake');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, string>();
  for (const entry of entries) {
    if (!entry.isFile() || entry.name === 'lock') continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(folder, path), await readFile(path, 'latin1'));
  }
  return new Map([...files].sort());
}
