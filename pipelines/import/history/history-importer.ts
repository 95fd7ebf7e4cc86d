import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { quoted, readSql } from '../../sql.ts';
import type { Importer } from '../importer.ts';
import type { ImportSession } from '../session.ts';
import type { SourceFolder } from '../source-folder.ts';
import type { ColumnMap } from './column-map.ts';
import { rejectsFile, rowsFile } from './convert.ts';
import type { HistoryFiles } from './files.ts';
import { sourceOf, type HistoryFormat } from './formats.ts';
import type { Recognised } from './recognise.ts';

/** What changes the rows that a file gives. */
export interface HistoryMeaning {
  /** The listener's id, as the rest of the lake has it. */
  readonly listener: string;
  /** IANA name of the zone that all listens get; undefined: unknown. */
  readonly zone?: string | undefined;
  readonly map?: ColumnMap | undefined;
  readonly encoding?: string | undefined;
}

/** Raise it when the same files no longer give the same rows. */
export const historyVersion = 2;

/**
 * What the rows of a listener's history carry in `source`: `spotify-` and the beginning of the hash
 * of the listener's id. Not the id itself: names of sources outlive the rows, and an erasure.
 */
export function historySource(format: HistoryFormat, listener: string): string {
  return `${sourceOf[format]}-${createHash('sha256').update(listener).digest('hex').slice(0, 12)}`;
}

/** The name under which a converted file is kept: a hash of all that has a say in it. */
export async function conversionKey(
  { file, layout }: Recognised['files'][number],
  { zone, map, encoding }: HistoryMeaning,
  signal?: AbortSignal,
): Promise<string> {
  const said = JSON.stringify([historyVersion, layout, zone, map, encoding]);
  const hash = createHash('sha256').update(`${said}\n${await file.hash(signal)}`);
  return hash.digest('hex').slice(0, 32);
}

/**
 * The importer of one listener's history, whose files were converted to folders of `converted`
 * named by their keys.
 */
export function historyImporter(
  { format, files }: Recognised,
  meaning: HistoryMeaning,
  converted: string,
  keys: readonly string[],
): Importer {
  return {
    version: historyVersion,
    layout: `a listening history (${format})`,
    bringsListens: true,
    source: () => historySource(format, meaning.listener),
    find: () => files.map(({ file }) => file.name),
    async run(session) {
      await session.takeConverted(
        'history_rows',
        files.map(({ file }, ix) => ({
          // Rows that are kept aside are the listener's too: by this an erasure finds them.
          file: `${meaning.listener}: ${file.name}`,
          rows: join(converted, keys[ix]!, rowsFile),
          rejects: join(converted, keys[ix]!, rejectsFile),
        })),
      );
      await nameFeedback(session);
      const zone = meaning.zone === undefined ? 'CAST(NULL AS VARCHAR)' : quoted(meaning.zone);
      const listener = quoted(meaning.listener);
      await session.put(
        'listens',
        `(SELECT happened_at AS listened_at, ${listener} AS listener, ${zone} AS zone, artist, title,
                 album, played_ms, client, info
          FROM history_rows WHERE kind = 'listen')`,
      );
      await session.put(
        'feedback',
        `(SELECT happened_at, ${listener} AS listener, said AS kind, artist, title,
                 CASE WHEN said = 'skip' THEN played_ms END AS played_ms
          FROM named_feedback)`,
      );
    },
  };
}

/** The files of a history as importers know a folder: its hashes cover what the files mean, too. */
export function historyFolder(
  { path }: HistoryFiles,
  { files }: Recognised,
  meaning: HistoryMeaning,
): SourceFolder {
  const fileOf = (name: string) => files.find(({ file }) => file.name === name);
  return {
    path,
    find: (name) => fileOf(name)?.file.name,
    locate: (name) => fileOf(name)!.file.label,
    size: (name) => Promise.resolve(fileOf(name)!.file.size),
    async hash(name, signal) {
      const key = await conversionKey(fileOf(name)!, meaning, signal);
      return createHash('sha256').update(`${key}\n${meaning.listener}`).digest('hex');
    },
  };
}

/** Makes the table `named_feedback`; what names a recording that no listen names is kept aside. */
async function nameFeedback(session: ImportSession): Promise<void> {
  await session.sql.run(readSql(import.meta.url, 'named-feedback.sql'));
  await session.rejected('nameless_feedback');
}
