import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Mistake } from '../model/mistake.ts';
import { lakeTableNames } from '../pipelines/lake.ts';
import { replaceFile } from './to-disk.ts';

const count = z.int().nonnegative();
const counts = z.object({
  rowsIn: count,
  rowsOut: count,
  tables: z.partialRecord(z.enum(lakeTableNames), count),
  dropped: z.record(z.string(), count),
  repaired: z.record(z.string(), count),
});

const segment = z.object({
  table: z.enum([...lakeTableNames, 'rejects' as const]),
  /** Path in the lake's folder, with `/`. */
  file: z.string().min(1),
  rows: count,
  bytes: count,
  sha256: z.string().length(64),
  source: z.string().min(1),
});
export type Segment = z.infer<typeof segment>;

const firstVersion = z.object({
  v: z.literal(1),
  imports: z.array(z.object({ source: z.string(), fingerprint: z.string(), counts })),
  segments: z.array(segment),
});

const manifest = firstVersion.extend({
  v: z.literal(2),
  /** Up to which entry the lake holds each log, and what that entry is known by. */
  logs: z.record(z.string(), z.object({ offset: count, mark: z.string().optional() })),
  /** What was replaced and is still on disk; the file was touched when it was replaced. */
  replaced: z.array(segment),
  /** Files that must go, and those that frozen weeks name instead: an erasure that goes on. */
  erasing: z.array(z.object({ files: z.array(z.string()), by: z.array(z.string()) })),
});
/** What belongs to the lake. No times and no paths of the machine: same imports, same bytes. */
export type Manifest = z.infer<typeof manifest>;

const anyVersion = z.union([
  manifest,
  firstVersion.transform((old): Manifest => ({
    ...old,
    v: 2,
    logs: {},
    replaced: [],
    erasing: [],
  })),
]);

const fileName = 'manifest.json';

/**
 * Reads the manifest; a lake without one is empty.
 *
 * @throws Mistake `ARTIFACT_CORRUPT`
 */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, fileName);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { v: 2, imports: [], logs: {}, segments: [], replaced: [], erasing: [] };
  }
  try {
    return anyVersion.parse(JSON.parse(text));
  } catch (cause) {
    throw new Mistake(
      'ARTIFACT_CORRUPT',
      `${path}: expected the lake's list of segments as JSON, got something else; ` +
        `restore it, or remove ${folder} and import again`,
      { cause },
    );
  }
}

/** Removes what a process that was killed while it replaced the manifest has left. Under the lock. */
export async function removeHalfManifests(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    if (/^manifest\.json\.\d+$/.test(name)) await rm(join(folder, name), { force: true });
  }
}

/** Replaces the manifest; a reader sees the old one or the new one. Equal content, equal bytes. */
export async function writeManifest(
  folder: string,
  { v, imports, logs, segments, replaced, erasing }: Manifest,
): Promise<void> {
  const content: Manifest = { v, imports, logs, segments, replaced, erasing };
  await replaceFile(join(folder, fileName), `${JSON.stringify(content, null, 1)}\n`);
}
