import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { lakeTableNames, type LakeSnapshot } from '../pipelines/lake.ts';
import type { LakeTable } from '../pipelines/tables.ts';
import { readManifest, type Manifest, type Segment } from './lake-manifest.ts';
import { verify } from './lake-segments.ts';

/** How often a reader begins again because files were replaced meanwhile. Erasures are not so many. */
const mostReads = 50;

/**
 * What counts now. A file leaves the disk after the manifest has stopped naming it: where one is
 * missing or another, the manifest is read again, and only one that it still names is damaged.
 *
 * @param sources - only what these brought; undefined for all
 * @param verifyBytes - how much is read to compare hashes, in the order of the files
 * @param read - the manifest as it is now
 * @throws Mistake `ARTIFACT_CORRUPT` naming the segment
 */
export async function snapshotOf(
  folder: string,
  sources: readonly string[] | undefined,
  verifyBytes: number,
  read: () => Promise<Manifest> = () => readManifest(folder),
): Promise<LakeSnapshot> {
  const whole = new Set<string>();
  let manifest = await read();
  for (let reads = 1; ; reads++) {
    const chosen = chosenOf(manifest, sources);
    const broken = await firstBroken(folder, chosen, verifyBytes, whole);
    if (broken === undefined) return named(folder, chosen);
    manifest = await read();
    const isStill = manifest.segments.some((segment) => keyOf(segment) === keyOf(broken.segment));
    if (isStill || reads === mostReads) throw broken.error;
  }
}

function chosenOf({ segments }: Manifest, sources: readonly string[] | undefined): Segment[] {
  return segments
    .filter(({ table, source }) => table !== 'rejects' && (sources?.includes(source) ?? true))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** @param whole - keys of those whose hashes were compared: not again; added to */
async function firstBroken(
  folder: string,
  segments: readonly Segment[],
  verifyBytes: number,
  whole: Set<string>,
): Promise<{ segment: Segment; error: unknown } | undefined> {
  let bytesLeft = verifyBytes;
  for (const segment of segments) {
    bytesLeft -= segment.bytes;
    const withHash = bytesLeft >= 0 && !whole.has(keyOf(segment));
    try {
      await verify(folder, segment, withHash);
    } catch (error) {
      return { segment, error };
    }
    if (withHash) whole.add(keyOf(segment));
  }
  return undefined;
}

function keyOf({ file, sha256 }: Segment): string {
  return `${file} ${sha256}`;
}

function named(folder: string, segments: readonly Segment[]): LakeSnapshot {
  const id = createHash('sha256');
  const tables = Object.fromEntries(
    lakeTableNames.map((table): [LakeTable, string[]] => [table, []]),
  ) as Record<LakeTable, string[]>;
  for (const segment of segments) {
    tables[segment.table as LakeTable].push(join(folder, segment.file));
    id.update(`${keyOf(segment)}\n`);
  }
  return Object.freeze({ id: id.digest('hex').slice(0, 16), tables: Object.freeze(tables) });
}
