import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Mistake } from '../../model/mistake.ts';
import type { ImportCounts, Lake, LakeUpdate } from '../lake.ts';
import type { Clock, Log, Sql } from '../ports.ts';
import { erasureFiles } from './erased-rows.ts';
import type { Importer } from './importer.ts';
import { lastfm } from './lastfm.ts';
import { nowplaying } from './nowplaying.ts';
import { plain } from './plain.ts';
import { playlists } from './playlists.ts';
import { ImportSession } from './session.ts';
import type { SourceFolder } from './source-folder.ts';
import { texts } from './texts.ts';
import { tracks } from './tracks.ts';

/** In the order in which they are imported. */
const importers: readonly Importer[] = [nowplaying, plain, playlists, tracks, texts, lastfm];

export interface ImportSourcesOptions {
  readonly folder: SourceFolder;
  readonly lake: Lake;
  /** Opens a session that may spill to the given folder. */
  readonly openSql: (spillTo: string) => Promise<Sql>;
  readonly clock: Clock;
  readonly log?: Log;
  /** Called after each source. */
  readonly progress?: (done: number, total: number, source: string) => void;
  readonly signal?: AbortSignal;
}

/** What became of one source. */
export interface SourceFunnel extends ImportCounts {
  readonly source: string;
  /** The files that were read, as paths in the folder. */
  readonly files: readonly string[];
  /** Whether the lake had this content already; the counts are then those of its import. */
  readonly reused: boolean;
  readonly seconds: number;
}

/**
 * Imports every source that a folder holds, one after the other, each whole or not at all. A source
 * whose content the lake has already is passed over; one that has grown adds the rows that are new.
 *
 * @throws Mistake `SOURCE_MISSING` where the folder holds no listens and the lake neither, or a file
 *   of a layout is not there; `SOURCE_EMPTY`, `SOURCE_INVALID` naming the file; `LOCKED`;
 *   `ARTIFACT_CORRUPT`. Sources imported before the mistake stay.
 */
export async function importSources(options: ImportSourcesOptions): Promise<SourceFunnel[]> {
  const { folder, lake, signal } = options;
  const found = importers
    .map((importer) => ({ importer, files: importer.find(folder) }))
    .filter(({ files }) => files.length > 0);
  return lake.update(async (update) => {
    await requireListens(folder, found, update);
    const funnels: SourceFunnel[] = [];
    for (const { importer, files } of found) {
      signal?.throwIfAborted();
      const funnel = await importSource(importer, files, update, options);
      funnels.push(funnel);
      options.log?.info({ ...funnel }, `imported ${funnel.source}`);
      options.progress?.(funnels.length, found.length, funnel.source);
    }
    return funnels;
  }, signal);
}

/**
 * Imports what one importer has found, whole or not at all.
 *
 * @param files - as `importer.find` gave them
 */
export async function importSource(
  importer: Importer,
  files: readonly string[],
  update: LakeUpdate,
  {
    folder,
    openSql,
    clock,
    signal,
  }: Pick<ImportSourcesOptions, 'folder' | 'openSql' | 'clock' | 'signal'>,
): Promise<SourceFunnel> {
  const startedMs = clock();
  const source = importer.source(folder);
  const fingerprint = await fingerprintOf(importer, folder, files, signal);
  const seconds = () => Math.round(clock() - startedMs) / 1000;
  const known = update.imported(source, fingerprint);
  if (known) return { source, files, ...known.counts, reused: true, seconds: seconds() };
  const scratch = join(update.scratch, source);
  await mkdir(scratch);
  const existing = await update.snapshot({ sources: [source] });
  const sql = await openSql(join(scratch, 'spill'));
  try {
    const session = await ImportSession.open({
      ...{ sql, folder, source, scratch, existing, signal },
      erasures: erasureFiles(update),
    });
    await importer.run(session);
    const { counts, files: written } = await session.finish();
    await update.commit({ source, fingerprint, counts }, written);
    return { source, files, ...counts, reused: false, seconds: seconds() };
  } finally {
    sql.dispose();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What the lake knows a content by: hash of the importer's version and of the files. */
export async function fingerprintOf(
  importer: Importer,
  folder: SourceFolder,
  files: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash('sha256').update(`version ${importer.version}\n`);
  for (const file of files) hash.update(`${file} ${await folder.hash(file, signal)}\n`);
  return hash.digest('hex');
}

async function requireListens(
  folder: SourceFolder,
  found: readonly { importer: Importer; files: readonly string[] }[],
  update: LakeUpdate,
): Promise<void> {
  if (found.some(({ importer }) => importer.bringsListens)) return;
  if (found.length > 0 && (await update.snapshot()).tables.listens.length > 0) return;
  const expected = importers.filter(({ bringsListens }) => bringsListens);
  throw new Mistake(
    'SOURCE_MISSING',
    `${folder.path}: expected ${expected.map(({ layout }) => layout).join(' or ')}, found ` +
      (found.length > 0
        ? `no listens, only ${found.map(({ importer }) => importer.layout).join(', ')}`
        : 'no source that is known'),
  );
}
