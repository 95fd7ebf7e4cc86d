import { Mistake } from '../../../model/mistake.ts';
import type { ColumnMap } from './column-map.ts';
import { encodingOf } from './encoding.ts';

/** The formats of listening histories that are known, as `--format` names them. */
export const historyFormats = [
  'spotify',
  'lastfm-csv',
  'lastfm-xml',
  'listenbrainz',
  'scrobbler-log',
  'maloja',
  'csv',
  'ndjson',
  'parquet',
] as const;
export type HistoryFormat = (typeof historyFormats)[number];

/** Formats whose columns mean what `--map` says. */
export const mappedFormats = ['csv', 'ndjson', 'parquet'] as const;
export type MappedFormat = (typeof mappedFormats)[number];

/** What rows of a format carry in `source`, before the listener. */
export const sourceOf: Readonly<Record<HistoryFormat, string>> = {
  spotify: 'spotify',
  'lastfm-csv': 'lastfm',
  'lastfm-xml': 'lastfm',
  listenbrainz: 'listenbrainz',
  'scrobbler-log': 'scrobbler',
  maloja: 'maloja',
  csv: 'history',
  ndjson: 'history',
  parquet: 'history',
};

/**
 * One shape of file within a format.
 *
 * - `json` and `xml` are read as they arrive, item by item; `items` names the key of the array.
 * - `json-lines` and `lines` are read line by line in SQL, `csv` field by field.
 * - `columns` are Parquet's own.
 */
export interface Layout {
  readonly format: HistoryFormat;
  readonly kind: 'json' | 'xml' | 'json-lines' | 'lines' | 'csv' | 'columns';
  /** The `.sql` file beside this one that says what its rows mean. */
  readonly sql: string;
  readonly items?: string;
  /** Keys of items that are nobody's business: they are left out of everything that is kept. */
  readonly leaveOut?: readonly string[];
  readonly delimiter?: ',' | ';' | '\t';
  /** The columns of a CSV file that has no header. */
  readonly header?: readonly string[];
  /** Columns that a CSV file must have. */
  readonly required?: readonly string[];
  readonly optional?: readonly string[];
}

const spotify: Layout = {
  format: 'spotify',
  kind: 'json',
  sql: 'spotify.sql',
  leaveOut: ['ip_addr', 'ip_addr_decrypted', 'user_agent_decrypted', 'username'],
};
const maloja: Layout = { format: 'maloja', kind: 'json', sql: 'maloja.sql', items: 'scrobbles' };
const lastfmXml: Layout = { format: 'lastfm-xml', kind: 'xml', sql: 'lastfm-xml.sql' };
const listens: Layout = { format: 'listenbrainz', kind: 'json', sql: 'listenbrainz.sql' };
const feedback: Layout = { ...listens, sql: 'listenbrainz-feedback.sql' };
const scrobblerLog: Layout = {
  format: 'scrobbler-log',
  kind: 'lines',
  sql: 'scrobbler-log.sql',
};
/** lastfm.ghan.nl, now mainstream.ghan.nl: the "last.fm backup". */
const ghan: Layout = {
  format: 'lastfm-csv',
  kind: 'csv',
  sql: 'lastfm-ghan.sql',
  delimiter: ',',
  required: ['uts', 'artist', 'album', 'track'],
  optional: ['utc_time', 'artist_mbid', 'album_mbid', 'track_mbid'],
};
/** lastfmstats.com. The last column is named after the user: `Date#ann`. */
const lastfmstats: Layout = {
  format: 'lastfm-csv',
  kind: 'csv',
  sql: 'lastfm-stats.sql',
  delimiter: ';',
  required: ['Artist', 'Album', 'Track'],
  optional: ['AlbumId'],
};
/** benjaminbenben.com/lastfm-to-csv: no header. */
const lastfmToCsv: Layout = {
  format: 'lastfm-csv',
  kind: 'csv',
  sql: 'lastfm-to-csv.sql',
  delimiter: ',',
  header: ['artist', 'album', 'track', 'date'],
  required: ['artist', 'album', 'track', 'date'],
};

/** How much of a file `layoutOf` wants to see, bytes. */
export const headBytes = 1 << 16;

/**
 * What a file is, by its first bytes; undefined where it is nothing that is known. Names are asked
 * only where content cannot tell: Spotify's videos have the layout of its music.
 */
export function layoutOf(name: string, head: Buffer): Layout | undefined {
  const base = name.slice(name.lastIndexOf('/') + 1);
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') return undefined;
  const text = new TextDecoder(encodingOf(head)).decode(head).trimStart();
  if (text.startsWith('#AUDIOSCROBBLER/')) return scrobblerLog;
  if (text.startsWith('<')) {
    return /<(recenttracks|lovedtracks|lfm)[\s/>]/.test(text) ? lastfmXml : undefined;
  }
  if (text.startsWith('[') || text.startsWith('{')) return jsonLayout(base, text);
  return csvLayout(text);
}

/** What a file is of which only `--map` says what its columns mean, by its first bytes. */
export function mappedFormatOf(head: Buffer): MappedFormat {
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') return 'parquet';
  const text = new TextDecoder(encodingOf(head)).decode(head).trimStart();
  return text.startsWith('{') ? 'ndjson' : 'csv';
}

function jsonLayout(base: string, text: string): Layout | undefined {
  if (/^(Streaming_History_Video|StreamingHistory_video)/i.test(base)) return undefined;
  const inLines = text.startsWith('{');
  if (inLines && /^\{\s*"maloja"\s*:/.test(text)) return maloja;
  if (!inLines && /"(ms_played|master_metadata_track_name)"\s*:/.test(text)) return spotify;
  if (/"track_metadata"\s*:/.test(text) && !/"score"\s*:/.test(text)) {
    return inLines ? { ...listens, kind: 'json-lines' } : listens;
  }
  if (/"recording_m[bs]id"\s*:/.test(text) && /"score"\s*:/.test(text)) {
    return inLines ? { ...feedback, kind: 'json-lines' } : feedback;
  }
  if (inLines && /^\{[^]*"scrobbles"\s*:\s*\[/.test(text)) return maloja;
  return undefined;
}

function csvLayout(text: string): Layout | undefined {
  const [first = ''] = text.split(/\r?\n/, 1);
  const columns = first.split(/[,;\t]/).map((column) => column.trim().replace(/^"(.*)"$/, '$1'));
  const has = (names: readonly string[]) => names.every((column) => columns.includes(column));
  if (has(ghan.required!)) return ghan;
  const dated = columns.find((column) => column.startsWith('Date#'));
  if (has(lastfmstats.required!) && dated !== undefined && first.includes(';')) {
    return { ...lastfmstats, required: [...lastfmstats.required!, dated] };
  }
  if (lastfmToCsvRow.test(first.trim())) return lastfmToCsv;
  const second = text.split(/\r?\n/, 2)[1] ?? '';
  // The row of what is being played just now comes first and has no date.
  if (/,$/.test(first) && lastfmToCsvRow.test(second.trim())) return lastfmToCsv;
  return undefined;
}

const lastfmToCsvRow = /,"?\d{1,2} [A-Z][a-z]{2} \d{4},? \d\d:\d\d"?$/;

/**
 * The layout of a file whose columns `--map` names.
 *
 * @throws Mistake `SOURCE_INVALID` where a CSV file has no header with these columns
 */
export function mappedLayout(
  format: MappedFormat,
  map: ColumnMap,
  head: Buffer,
  label: string,
): Layout {
  if (format === 'ndjson') return { format, kind: 'json-lines', sql: 'mapped.sql' };
  if (format === 'parquet') return { format, kind: 'columns', sql: 'mapped.sql' };
  const required = [...new Set(Object.values(map))];
  const text = new TextDecoder(encodingOf(head)).decode(head);
  const [first = ''] = text.replace(/^\ufeff/, '').split(/\r?\n/, 1);
  const delimiter = ([',', ';', '\t'] as const).find((mark) => {
    const columns = first.split(mark).map((name) => name.trim().replace(/^"(.*)"$/, '$1'));
    return required.every((name) => columns.includes(name));
  });
  if (delimiter === undefined) {
    throw new Mistake(
      'SOURCE_INVALID',
      `${label}, line 1: expected the columns ${required.join(', ')} of --map, got ` +
        (first.length > 400 ? `${first.slice(0, 400)}…` : first),
    );
  }
  return { format, kind: 'csv', sql: 'mapped.sql', delimiter, required };
}

/** @throws Mistake `USAGE` */
export function parseFormat(name: string): HistoryFormat {
  const format = historyFormats.find((known) => known === name);
  if (format !== undefined) return format;
  throw new Mistake('USAGE', `expected one of ${historyFormats.join(', ')}, got "${name}"`);
}
