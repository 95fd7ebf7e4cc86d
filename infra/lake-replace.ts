import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { WrittenFile } from '../pipelines/lake.ts';
import type { FrozenWeek } from '../pipelines/week-plan.ts';
import { writeManifest, type Manifest, type Segment } from './lake-manifest.ts';
import { dayOfSegment, moveIn } from './lake-segments.ts';
import { withLock } from './lock.ts';
import { openWeekBook } from './week-book.ts';

/** Where a lake is, and who may name its files besides the manifest. */
export interface LakePlace {
  /** The lake's folder. */
  readonly folder: string;
  /** The folder of the frozen weeks, one folder for each lake name in it. */
  readonly weeks: string;
  /** Held while a frozen week changes. */
  readonly weeksLock: string;
  /** Milliseconds that a replaced file stays at least. */
  readonly keepReplacedMs: number;
}

/**
 * The manifest after segments gave their place to files. The replaced ones stay on disk; with
 * `erase` the manifest says that they must go, and {@link finishErasing} does it.
 */
export async function replaceSegments(
  { folder }: LakePlace,
  before: Manifest,
  paths: readonly string[],
  files: readonly WrittenFile[],
  erase: boolean,
): Promise<Manifest> {
  const given = new Set(paths);
  const isGiven = ({ file }: Segment) => given.has(join(folder, file));
  const counting = before.segments.filter(isGiven);
  const kept = before.replaced.filter(isGiven);
  const all = [...counting, ...kept];
  if (all.length !== given.size) {
    const held = new Set(all.map(({ file }) => join(folder, file)));
    const missing = paths.find((path) => !held.has(path))!;
    throw new Error(`${missing}: expected a file of the lake, it holds none of this name`);
  }
  if (kept.length > 0 && (counting.length > 0 || !erase)) {
    throw new Error(`${kept[0]!.file}: was replaced before; it can only be erased, by itself`);
  }
  const fresh = await moveIn(
    folder,
    files,
    (file) => sourceOf(file, all),
    (sha256) => `merged-${sha256.slice(0, 16)}`,
  );
  // A file may be replaced by the same content under the same name: it stays.
  const names = new Set(fresh.map(({ file }) => file));
  const gone = all.filter(({ file }) => !names.has(file));
  const isStill = (segment: Segment) => !isGiven(segment) && !names.has(segment.file);
  const replaced = before.replaced.filter(isStill);
  const erasing = erase ? gone.map((old) => ({ files: [old.file], by: sameKind(old, fresh) })) : [];
  const after = { ...before, erasing: [...before.erasing, ...erasing] };
  if (kept.length > 0) {
    const counts = new Set(before.segments.map(({ file }) => file));
    return { ...after, replaced: [...replaced, ...fresh.filter(({ file }) => !counts.has(file))] };
  }
  if (!erase) {
    const now = new Date();
    for (const { file } of gone) await utimes(join(folder, file), now, now);
  }
  return {
    ...after,
    segments: [...before.segments.filter(isStill), ...fresh],
    replaced: erase ? replaced : [...replaced, ...gone],
  };
}

/** The files among them that hold what the old one held: of its table and day. */
function sameKind(old: Segment, fresh: readonly Segment[]): string[] {
  return fresh
    .filter(({ table, ...rest }) => {
      const day = dayOfSegment({ table, ...rest });
      return table === old.table && day === dayOfSegment(old);
    })
    .map(({ file }) => file);
}

function sourceOf(file: WrittenFile, replaced: readonly Segment[]): string {
  const sources = new Set(
    replaced
      .filter((segment) => segment.table === file.table && dayOfSegment(segment) === file.day)
      .map(({ source }) => source),
  );
  if (sources.size === 1) return [...sources][0]!;
  throw new Error(
    `${file.path}: expected to replace segments of ${file.table} of one source, got ${sources.size}`,
  );
}

/** Carries out what the manifest says is to be erased; after a kill the next update does. */
export async function finishErasing(place: LakePlace, manifest: Manifest): Promise<Manifest> {
  if (manifest.erasing.length === 0) return manifest;
  const { folder } = place;
  const instead = new Map<string, readonly string[]>();
  for (const { files, by } of manifest.erasing) {
    for (const file of files) {
      instead.set(
        join(folder, file),
        by.map((name) => join(folder, name)),
      );
    }
  }
  await rewriteWeeks(place, instead);
  for (const path of instead.keys()) await rm(path, { force: true });
  const after: Manifest = { ...manifest, erasing: [] };
  await writeManifest(folder, after);
  return after;
}

/** Removes replaced files that are old enough and that no frozen week names. */
export async function removeReplaced(place: LakePlace, manifest: Manifest): Promise<Manifest> {
  if (manifest.replaced.length === 0) return manifest;
  const { folder, keepReplacedMs } = place;
  const before = Date.now() - keepReplacedMs;
  const old: Segment[] = [];
  for (const segment of manifest.replaced) {
    const found = await stat(join(folder, segment.file)).catch(() => undefined);
    if (found === undefined || found.mtimeMs <= before) old.push(segment);
  }
  if (old.length === 0) return manifest;
  const named = new Set<string>();
  for (const { book, weeks } of await weekBooks(place)) {
    for (const week of weeks) for (const path of pathsOf((await book.find(week))!)) named.add(path);
  }
  const leaving = new Set(old.filter(({ file }) => !named.has(join(folder, file))));
  if (leaving.size === 0) return manifest;
  const replaced = manifest.replaced.filter((segment) => !leaving.has(segment));
  const after: Manifest = { ...manifest, replaced };
  await writeManifest(folder, after);
  for (const { file } of leaving) await rm(join(folder, file), { force: true });
  return after;
}

async function rewriteWeeks(
  place: LakePlace,
  instead: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  const books = await weekBooks(place);
  if (books.length === 0) return;
  const options = { waitMs: 60_000, what: `the weeks in ${place.weeks}` };
  await withLock(place.weeksLock, options, async () => {
    for (const { book, weeks } of books) {
      for (const week of weeks) {
        const frozen = (await book.find(week))!;
        if (!pathsOf(frozen).some((path) => instead.has(path))) continue;
        const tables = Object.fromEntries(
          Object.entries(frozen.lake.tables).map(([table, paths]) => [
            table,
            [...new Set(paths.flatMap((path) => instead.get(path) ?? [path]))],
          ]),
        ) as FrozenWeek['lake']['tables'];
        const replaced = replacedSince(frozen.lake, instead);
        await book.write({ ...frozen, lake: { ...frozen.lake, tables, replaced } });
      }
    }
  });
}

/** What has taken the place of the files that a week was frozen with, earlier or now. */
function replacedSince(
  { tables, replaced = {} }: FrozenWeek['lake'],
  instead: ReadonlyMap<string, readonly string[]>,
): Record<string, string[]> {
  const after: Record<string, string[]> = {};
  for (const [first, now] of Object.entries(replaced)) {
    after[first] = [...new Set(now.flatMap((path) => instead.get(path) ?? [path]))];
  }
  const later = new Set(Object.values(replaced).flat());
  for (const path of Object.values(tables).flat()) {
    const now = instead.get(path);
    if (now !== undefined && !later.has(path)) after[path] = [...now];
  }
  return after;
}

async function weekBooks({ weeks }: LakePlace) {
  const names = await readdir(weeks).catch(() => [] as string[]);
  return Promise.all(
    names.sort().map(async (name) => {
      const book = openWeekBook(join(weeks, name));
      return { book, weeks: await book.weeks() };
    }),
  );
}

function pathsOf(frozen: FrozenWeek): string[] {
  return Object.values(frozen.lake.tables).flat();
}
