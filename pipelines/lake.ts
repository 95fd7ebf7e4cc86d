import { selectColumns } from './views.ts';
import { lakeTables, type LakeTable } from './tables.ts';

/**
 * The lake: append-only Parquet segments and one manifest that says which of them count.
 *
 * - A **segment** is one Parquet file: what one import, or a stretch of a log, added to one table
 *   (to one UTC day of `listens`). It never changes; many small ones are replaced by a large one, and
 *   one that holds an erased listener by one that does not.
 * - A **snapshot** names the segments that counted at one moment; later imports do not change it.
 * - An **import** is one content of one source, known by its fingerprint. It counts whole or not
 *   at all.
 */
export interface Lake {
  /** Absolute path. */
  readonly folder: string;
  /**
   * What counts now. Where an erasure replaces files meanwhile, what counts after it.
   *
   * @param options.sources - only what these sources brought; default all
   * @throws Mistake `ARTIFACT_CORRUPT` naming the segment that is missing or not as it was written
   */
  snapshot(options?: { sources?: readonly string[] }): Promise<LakeSnapshot>;
  /**
   * Runs `work` while no other process writes to the lake; removes what a killed import left.
   *
   * @throws Mistake `LOCKED` when another import goes on for longer than the lake was told to wait
   */
  update<Result>(
    work: (update: LakeUpdate) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result>;
}

export interface LakeSnapshot {
  /** Hash of the names and hashes of its segments: same content, same id. */
  readonly id: string;
  /** Absolute paths of Parquet files, in order; none where nothing was imported. */
  readonly tables: Readonly<Record<LakeTable, readonly string[]>>;
  /**
   * Of one that a week is frozen with: the files that it was taken of and that an erasure has
   * replaced since, each with what `tables` has of its kind instead. What is made from the snapshot
   * goes by the name of the first ones. Default: none.
   */
  readonly replaced?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface LakeUpdate {
  /** An empty folder on the lake's disk to write segments to; removed in the end. */
  readonly scratch: string;
  /** The import of this content, if it has been made. */
  imported(source: string, fingerprint: string): ImportRecord | undefined;
  snapshot(options?: { sources?: readonly string[] }): Promise<LakeSnapshot>;
  /** Makes an import count: all of it at once, by replacing the manifest. */
  commit(record: ImportRecord, files: readonly WrittenFile[]): Promise<void>;
  /** Every file of the lake by its path, ascending: what counts, what was replaced, rejects. */
  held(): readonly HeldFile[];
  /** Up to which entry the lake holds a log, itself included; undefined: it holds none of it. */
  offset(log: string): number | undefined;
  /** What that entry is known by; undefined where nothing was given with it. */
  mark(log: string): string | undefined;
  /**
   * Adds what a log brought, and remembers up to which entry: both at once.
   *
   * @param mark - what the entry is known by: a log that has another one there is another log
   */
  commitLog(
    log: string,
    offset: number,
    files: readonly WrittenFile[],
    mark?: string,
  ): Promise<void>;
  /**
   * Puts files in the place of segments: compacted, or without what is to be erased. Snapshots that
   * name the old ones stay readable while a frozen week needs them, unless `erase` is set: then the
   * old files are gone when this resolves, and a table of a frozen week names the new ones.
   *
   * The files of a table (and day) come from segments of the same and of one source. With `erase`
   * they may be such that were replaced before, or rejects; what takes their place is the same.
   *
   * @param segments - paths as a snapshot, or `held`, gives them
   * @throws Error where one is not held, or where the files do not match
   */
  replace(
    segments: readonly string[],
    files: readonly WrittenFile[],
    options?: { erase?: boolean },
  ): Promise<void>;
}

/** A file of the lake. */
export interface HeldFile {
  /** Absolute. */
  readonly path: string;
  readonly table: LakeTable | 'rejects';
  /** Of `listens`: `2014-05-01`. */
  readonly day: string | undefined;
  readonly source: string;
  readonly rows: number;
  readonly bytes: number;
  /** False: it was replaced, and stays for a while for those who read it or froze it. */
  readonly counts: boolean;
}

/** One content of one source, as the manifest keeps it; nothing in it depends on when or where. */
export interface ImportRecord {
  readonly source: string;
  /** Hash of the files and of the importer's version. */
  readonly fingerprint: string;
  readonly counts: ImportCounts;
}

export interface ImportCounts {
  /** Rows read, header and blank lines not counted. */
  readonly rowsIn: number;
  /** Rows added to the lake, all tables together. */
  readonly rowsOut: number;
  /** Rows added to each table. */
  readonly tables: Readonly<Partial<Record<LakeTable, number>>>;
  /** Rows not used, by reason; all but repeated ones are kept in the rejects file. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Values repaired in rows that are used, by kind. */
  readonly repaired: Readonly<Record<string, number>>;
}

/** A file in the scratch folder, to be moved into the lake. */
export interface WrittenFile {
  readonly path: string;
  readonly table: LakeTable | 'rejects';
  /** `2014-05-01`, for `listens`. */
  readonly day?: string;
  readonly rows: number;
}

/**
 * What makes a row of a lake table the same row, besides its source. A listener plays one thing at
 * an instant, whichever of its two names the source takes for the artist's.
 */
export const lakeIdentity: Readonly<Record<LakeTable, readonly string[]>> = {
  listens: ['listened_at', 'listener', 'least(artist, title)', 'greatest(artist, title)'],
  recordings: ['recording_id'],
  // The owner too: a source that names them later adds rows that say so.
  playlists: ['playlist_id', 'listener'],
  memberships: ['playlist_id', 'recording_id', 'added', 'listener'],
  texts: ['text_id'],
  artist_plays: ['listener', 'artist'],
  artist_tags: ['listener', 'artist', 'tag'],
  feedback: ['happened_at', 'listener', 'kind', 'artist', 'title'],
  blocks: ['happened_at', 'listener', 'scope', 'artist', 'name'],
  exclusions: ['happened_at', 'listener', 'client', 'since', 'before'],
  searches: ['happened_at', 'listener', 'query'],
  saves: ['happened_at', 'listener', 'scope', 'artist', 'name'],
  playlist_changes: ['happened_at', 'playlist_id', 'change', 'artist', 'title'],
  profiles: ['happened_at', 'listener'],
  articles: ['article_id', 'fetched'],
  audio_features: ['recording_id', 'sha256'],
  erasures: ['happened_at', 'listener_hash'],
};

export const lakeTableNames = Object.keys(lakeTables) as LakeTable[];

/**
 * A SELECT, in brackets, over the files of a lake table; no rows where there are no files. A column
 * that a file was written without is null.
 */
export function fromLake(table: LakeTable, files: readonly string[]): string {
  return `(${selectColumns(lakeTables[table], files)})`;
}
