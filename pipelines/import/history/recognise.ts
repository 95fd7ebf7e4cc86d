import { Mistake } from '../../../model/mistake.ts';
import type { ColumnMap } from './column-map.ts';
import { headOf, type HistoryFile, type HistoryFiles } from './files.ts';
import {
  headBytes,
  historyFormats,
  layoutOf,
  mappedFormatOf,
  mappedFormats,
  mappedLayout,
  type HistoryFormat,
  type Layout,
} from './formats.ts';

export interface RecogniseOptions {
  /** Default: found by content. */
  readonly format?: HistoryFormat | undefined;
  /** With it, files are taken for csv, ndjson or parquet. */
  readonly map?: ColumnMap | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file of a history, and what it is. */
export interface RecognisedFile {
  readonly file: HistoryFile;
  readonly layout: Layout;
}

/** What is to be imported. */
export interface Recognised {
  readonly format: HistoryFormat;
  /** By name; at least one. */
  readonly files: readonly RecognisedFile[];
  /** Names of files that are something else. */
  readonly passedOver: readonly string[];
}

/**
 * Finds out what was given, by the first bytes of each file.
 *
 * @throws Mistake `SOURCE_INVALID` where it is nothing that is known, or several formats at once;
 *   `USAGE` where a format needs `--map` and there is none, or the other way round
 */
export async function recognise(
  { path, files }: HistoryFiles,
  options: RecogniseOptions,
): Promise<Recognised> {
  const { format, map, signal } = options;
  const needsMap = mappedFormats.some((name) => name === format);
  if (needsMap && map === undefined) {
    throw new Mistake(
      'USAGE',
      `--format ${format}: expected --map with the columns, such as ` +
        '--map listened_at=ts,artist=artist_name,title=track',
    );
  }
  if (map !== undefined && format !== undefined && !needsMap) {
    throw new Mistake(
      'USAGE',
      `--map: expected it with ${mappedFormats.join(', ')}, got it with ${format}`,
    );
  }
  const found: RecognisedFile[] = [];
  const passedOver: string[] = [];
  for (const file of files) {
    signal?.throwIfAborted();
    const head = await headOf(file, headBytes, signal);
    const layout =
      map === undefined ? layoutOf(file.name, head) : mapped(file, head, map, format, files.length);
    if (layout !== undefined && (format === undefined || layout.format === format)) {
      found.push({ file, layout });
    } else {
      passedOver.push(file.name);
    }
  }
  const formats = historyFormats.filter((name) =>
    found.some(({ layout }) => layout.format === name),
  );
  if (formats.length > 1) {
    throw new Mistake(
      'SOURCE_INVALID',
      `${path}: expected files of one format, got ${formats.join(' and ')}; say which with --format`,
    );
  }
  if (found.length === 0) throw nothingKnown(path, files, format);
  return { format: formats[0]!, files: found, passedOver };
}

/** Of several files, those that are no table at all are passed over. */
function mapped(
  file: HistoryFile,
  head: Buffer,
  map: ColumnMap,
  format: HistoryFormat | undefined,
  numFiles: number,
): Layout | undefined {
  const kind = mappedFormatOf(head);
  if (format !== undefined && kind !== format && numFiles > 1) return undefined;
  const wanted = mappedFormats.find((name) => name === format) ?? kind;
  const isTable = /\.(csv|tsv|txt|ndjson|jsonl|json|parquet)$/i.test(file.name);
  if (numFiles > 1 && !isTable) return undefined;
  return mappedLayout(wanted, map, head, file.label);
}

function nothingKnown(
  path: string,
  files: readonly HistoryFile[],
  format: HistoryFormat | undefined,
): Mistake {
  if (files.some(({ name }) => /(^|\/)StreamingHistory(_music)?_?\d+\.json$/i.test(name))) {
    return new Mistake(
      'SOURCE_INVALID',
      `${path}: expected Spotify's extended streaming history, got the short one of the account ` +
        'data; ask Spotify for "Extended streaming history"',
    );
  }
  const known = historyFormats.filter((name) => !mappedFormats.some((other) => other === name));
  return new Mistake(
    'SOURCE_INVALID',
    `${path}: expected ${format ?? known.join(', ')}, found ` +
      (files.length === 0 ? 'no file' : 'no file of that kind') +
      '; of other tables say with --map which columns they have',
  );
}
