import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { Mistake } from '../../model/mistake.ts';
import {
  modelEvent,
  modelRecord,
  type ModelEvent,
  type ModelRecord,
  type ModelStore,
} from '../../pipelines/models.ts';
import { makeFolder, replaceFile } from '../to-disk.ts';

/**
 * Records and events as JSON files, one each, written whole or not at all:
 * `<folder>/<lake>/records/<version>.json` and `<folder>/<lake>/events/<id>.json`.
 */
export function openFolderStore(folder: string): ModelStore {
  const read = async <Value>(kind: string, schema: z.ZodType<Value>): Promise<Value[]> => {
    const found: Value[] = [];
    for (const lake of await foldersIn(folder)) {
      const names = await namesIn(join(folder, lake, kind));
      for (const name of names.filter((file) => file.endsWith('.json'))) {
        found.push(await readOne(join(folder, lake, kind, name), schema));
      }
    }
    return found;
  };
  const add = async (lake: string, kind: string, name: string, value: object): Promise<void> => {
    const place = join(folder, lake, kind);
    const file = `${name.replaceAll(/[^A-Za-z0-9._-]/g, '~')}.json`;
    if ((await namesIn(place)).includes(file)) return;
    await makeFolder(place);
    await replaceFile(join(place, file), JSON.stringify(value, null, 1));
  };
  return {
    records: () => read<ModelRecord>('records', modelRecord),
    events: () => read<ModelEvent>('events', modelEvent),
    addRecord: (record) => add(record.lake, 'records', record.version, record),
    addEvent: (event) => add(event.lake, 'events', event.id, event),
  };
}

async function readOne<Value>(path: string, schema: z.ZodType<Value>): Promise<Value> {
  const text = await readFile(path, 'utf8');
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw unreadable(path, text, cause);
  }
}

/** What is not a record of this format, said clearly: an older or newer format, or something else. */
export function unreadable(where: string, text: string, cause: unknown): Mistake {
  const format = /"format":\s*(\d+)/.exec(text)?.[1];
  const got = format === undefined || format === '1' ? 'something else' : `one of format ${format}`;
  return new Mistake(
    'ARTIFACT_CORRUPT',
    `${where}: expected a record of the model registry of format 1, got ${got}`,
    { cause },
  );
}

/** The folders in a folder, ascending; files are passed over. */
async function foldersIn(folder: string): Promise<string[]> {
  const names = await namesIn(folder);
  const kinds = await Promise.all(names.map((name) => stat(join(folder, name))));
  return names.filter((_, n) => kinds[n]!.isDirectory());
}

/** Ascending; none where there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
