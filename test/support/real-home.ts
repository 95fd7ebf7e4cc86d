import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { realData } from './real-data.ts';
import { testHome } from './servers.ts';

const project = resolve(import.meta.dirname, '..', '..');

/** What a test file leaves for the others, all of it made by the very same code. */
const kept = () => join(testHome, 'real', codeHash());

/** What is kept: neither rankers, gates nor lists, which every test makes for itself. */
const unkept = new Set(['.building', 'ranker', 'gate', 'lists']);

/** Keeps the lake and the artifacts of a home that has run the real data. */
export async function keepRealHome(home: string): Promise<void> {
  const place = kept();
  await rm(join(place, '..'), { recursive: true, force: true });
  const partial = `${place}.partial`;
  await mkdir(partial, { recursive: true });
  for (const part of ['lake', 'artifacts']) {
    await cp(join(home, part), join(partial, part), {
      recursive: true,
      filter: (source) => !unkept.has(basename(source)),
    });
  }
  await rename(partial, place);
}

/**
 * Moves what was kept into a home.
 *
 * @returns whether there was something: else the home stays empty, and all is made anew
 */
export async function takeRealHome(home: string): Promise<boolean> {
  const place = kept();
  if (!existsSync(place)) return false;
  await cp(place, home, { recursive: true });
  await rm(place, { recursive: true });
  return true;
}

/** Of all code that has a say in what is made, and of the data by size and time. */
function codeHash(): string {
  const hash = createHash('sha256');
  for (const folder of ['model', 'pipelines', 'infra', 'workers', 'package-lock.json']) {
    for (const path of filesBelow(join(project, folder))) {
      hash
        .update(`${relative(project, path)}\0`)
        .update(readFileSync(path))
        .update('\0');
    }
  }
  for (const path of filesBelow(realData)) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${relative(realData, path)}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest('hex').slice(0, 16);
}

function filesBelow(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
