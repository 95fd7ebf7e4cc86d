import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Mistake } from '../../../model/mistake.ts';
import type { Lake } from '../../lake.ts';
import type { Clock, Sql } from '../../ports.ts';
import { fingerprintOf, importSource, type SourceFunnel } from '../import-sources.ts';
import { convert } from './convert.ts';
import type { HistoryFiles } from './files.ts';
import type { HistoryFormat } from './formats.ts';
import {
  conversionKey,
  historyFolder,
  historyImporter,
  type HistoryMeaning,
} from './history-importer.ts';
import { recognise, type Recognised } from './recognise.ts';

export interface ImportHistoryOptions extends HistoryMeaning {
  readonly files: HistoryFiles;
  /** Default: found by content. */
  readonly format?: HistoryFormat | undefined;
  readonly lake: Lake;
  /** Opens a session that may spill to the given folder. */
  readonly openSql: (spillTo: string) => Promise<Sql>;
  /**
   * The folder of what was converted and is not in the lake yet, by the name of its source. A run
   * that was killed left it; nobody else may use that of the same source at the same time.
   */
  readonly converted: (source: string) => string;
  readonly clock: Clock;
  readonly progress?: ((progress: HistoryProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How far an import is. Reading is nearly all of it. */
export interface HistoryProgress {
  /** Bytes read, and of all chosen files, unpacked. */
  readonly bytes: number;
  readonly total: number;
  /** Of those that were read, what an earlier run had converted. */
  readonly kept: number;
  /** The file; undefined once all are read and the rows go into the lake. */
  readonly file: string | undefined;
}

/** What became of a history. */
export interface HistoryFunnel extends SourceFunnel {
  readonly format: HistoryFormat;
  /** Files that were read now, and files that an earlier run had converted. */
  readonly converted: number;
  readonly kept: number;
  /** Names of files that are something else. */
  readonly passedOver: readonly string[];
}

/**
 * Imports a listener's history from another service into `listens` and `feedback`: whole or not at
 * all, and no row twice.
 *
 * Each file is converted for itself, outside of the lake's lock, and kept under a hash of its
 * content until all of it is in the lake: a run that was killed goes on with the first file that it
 * had not finished.
 *
 * @throws Mistake as `recognise` and `convert`; `LOCKED`; `ARTIFACT_CORRUPT`
 */
export async function importHistory(options: ImportHistoryOptions): Promise<HistoryFunnel> {
  const { files, lake, openSql, clock, signal } = options;
  const { recognised, keys } = await withKeys(await recognise(files, options), options);
  const folder = historyFolder(files, recognised, options);
  const names = recognised.files.map(({ file }) => file.name);
  const importer = historyImporter(recognised, options, '', keys);
  const source = importer.source(folder);
  const into = options.converted(source);
  const fingerprint = await fingerprintOf(importer, folder, names, signal);
  const isKnown = await lake.update(
    (update) => Promise.resolve(update.imported(source, fingerprint) !== undefined),
    signal,
  );
  try {
    const counts = isKnown
      ? { converted: 0, kept: 0 }
      : await convertAll(recognised, keys, into, options);
    const ready = historyImporter(recognised, options, into, keys);
    const funnel = await lake.update(
      (update) =>
        importSource(ready, names, update, { folder, openSql, clock, ...(signal && { signal }) }),
      signal,
    );
    await rm(into, { recursive: true, force: true });
    return {
      ...funnel,
      format: recognised.format,
      ...counts,
      passedOver: recognised.passedOver,
    };
  } catch (error) {
    const isOfFiles = error instanceof Mistake && error.code.startsWith('SOURCE_');
    if (isOfFiles) await rm(into, { recursive: true, force: true });
    throw error;
  }
}

/** The key of each file; of files that are the same, the first counts. */
async function withKeys(
  all: Recognised,
  options: ImportHistoryOptions,
): Promise<{ recognised: Recognised; keys: readonly string[] }> {
  const first = new Map<string, Recognised['files'][number]>();
  const passedOver = [...all.passedOver];
  for (const each of all.files) {
    const key = await conversionKey(each, options, options.signal);
    if (first.has(key)) passedOver.push(each.file.name);
    else first.set(key, each);
  }
  const files = [...first.values()];
  return { recognised: { ...all, files, passedOver: passedOver.sort() }, keys: [...first.keys()] };
}

async function convertAll(
  { files }: Recognised,
  keys: readonly string[],
  into: string,
  options: ImportHistoryOptions,
): Promise<{ converted: number; kept: number }> {
  const { progress, signal } = options;
  await mkdir(into, { recursive: true });
  for (const name of await readdir(into)) {
    if (!keys.includes(name)) await rm(join(into, name), { recursive: true, force: true });
  }
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  let bytes = 0;
  let keptBytes = 0;
  let kept = 0;
  for (const [ix, { file, layout }] of files.entries()) {
    signal?.throwIfAborted();
    const tell = () => progress?.({ bytes, total, kept: keptBytes, file: file.name });
    const folder = join(into, keys[ix]!);
    if (existsSync(folder)) {
      kept++;
      keptBytes += file.size;
      bytes += file.size;
      tell();
      continue;
    }
    await convert(file, layout, folder, {
      ...options,
      onBytes: (more) => {
        bytes += more;
        tell();
      },
    });
  }
  progress?.({ bytes, total, kept: keptBytes, file: undefined });
  return { converted: files.length - kept, kept };
}
