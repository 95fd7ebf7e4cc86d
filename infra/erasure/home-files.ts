import { existsSync } from 'node:fs';
import { readFile, readdir, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { historyFormats } from '../../pipelines/import/history/formats.ts';
import { historySource } from '../../pipelines/import/history/history-importer.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { hashOf } from '../mongo/erased.ts';
import { Mistake } from '../../model/mistake.ts';
import { acquireLock } from '../lock.ts';
import { isSpill, removeDeadSpills } from '../spill.ts';
import { isInFile } from './find-in-file.ts';
import type { NameFinder } from './names.ts';

/**
 * Files of a home that name a listener, as paths in it. Not looked into: the folders of private
 * servers, which are asked themselves; the sources that were simulated, which are an input as a
 * folder of sources elsewhere is; what sessions that go on spill; and the record of the erasure.
 */
export async function filesWith(home: string, finder: NameFinder, sql: Sql): Promise<string[]> {
  const record = join('erasures', `${hashOf(finder.listener)}.json`);
  const found: string[] = [];
  for await (const path of filesBelow(home)) {
    const name = relative(home, path);
    const parts = name.split(sep);
    const isOthers = parts[0] === 'servers' || parts[0] === 'jupyter';
    const isSource = parts[0] === 'simulated' && parts[2] === 'sources';
    const isSpilled = parts.slice(0, -1).some(isSpill);
    if (isOthers || isSource || isSpilled || name === record) continue;
    const isThere = await isInFile(path, finder, sql).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    });
    if (isThere) found.push(name);
  }
  return found.sort();
}

/**
 * Replaces the id in files of text that belong to no store: notebooks and pages that show a list,
 * lines that somebody kept.
 *
 * @returns how many files were changed
 */
export async function eraseFromTexts(
  home: string,
  names: readonly string[],
  finder: NameFinder,
): Promise<number> {
  let changed = 0;
  for (const name of names) {
    if (/^(lake|artifacts|weeks|simulated|ingest|erasures)\b/.test(name)) continue;
    const bytes = await readFile(join(home, name));
    const text = bytes.toString();
    if (bytes.includes(0) || !finder.isIn(text)) continue;
    await writeFileAtomic(join(home, name), finder.without(text));
    changed++;
  }
  return changed;
}

/**
 * Removes what a killed import of their history left converted: files that do not name them.
 *
 * @returns how many imports
 */
export async function eraseHistories(home: string, listener: string): Promise<number> {
  const sources = new Set(historyFormats.map((format) => historySource(format, listener)));
  let removed = 0;
  for (const source of sources) {
    const folder = join(home, 'history', source);
    if (!existsSync(folder)) continue;
    await rm(folder, { recursive: true, force: true });
    removed++;
  }
  return removed;
}

/**
 * Removes what killed processes left of their work: what SQL sessions spilled, which is compressed
 * and not searched, and the batch that was on its way from the log into the lake.
 *
 * @param lakeHomes - the home itself among them
 */
export async function removeLeftovers(home: string, lakeHomes: readonly string[]): Promise<void> {
  const ingest = join(home, 'ingest');
  for (const folder of [...lakeHomes, ingest]) {
    await removeDeadSpills(folder, Date.now());
  }
  // Who takes the log in just now cleans up behind itself.
  const options = { waitMs: 0, what: `taking the log into ${home}` };
  const release = await acquireLock(join(home, 'ingest.lock'), options).catch((error: unknown) => {
    if (error instanceof Mistake && error.code === 'LOCKED') return undefined;
    throw error;
  });
  if (release === undefined) return;
  await rm(join(ingest, 'batch'), { recursive: true, force: true });
  release();
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== '.locks') yield* filesBelow(path);
    } else if (entry.isFile() && !/(\.lock|^lock)$/.test(entry.name)) {
      yield path;
    }
  }
}
