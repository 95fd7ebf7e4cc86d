import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { visitTracks } from '../model/listed-tracks.ts';
import type { WeeklyList } from './lists.ts';
import type { Sql } from './ports.ts';
import { quoted } from './sql.ts';

const keyBytes = 8;
/** What is handed to SQL at a time. */
const rowsAtOnce = 2000;

/**
 * The table `listed` (listener, track_id, position), in the order in which the lists are added. A
 * list is one row with its keys as hexadecimal digits until the end, so that SQL takes them apart.
 */
export class ListedTable {
  readonly #sql: Sql;
  readonly #folder: string;
  readonly #listsPerPart: number;
  readonly #parts: string[] = [];
  #rows: [listener: string, keys: string][] = [];
  #appended = 0;

  private constructor(sql: Sql, folder: string, listsPerPart: number) {
    this.#sql = sql;
    this.#folder = folder;
    this.#listsPerPart = listsPerPart;
  }

  /**
   * @param folder - for the parts; made here
   * @param listsPerPart - default: as many as take some 60 MB of memory
   */
  static async open(sql: Sql, folder: string, listsPerPart = 100_000): Promise<ListedTable> {
    await mkdir(folder, { recursive: true });
    return new ListedTable(sql, folder, listsPerPart);
  }

  async add({ user, tracks, words }: WeeklyList): Promise<void> {
    this.#rows.push([user, hexKeys({ tracks, words })]);
    if (this.#rows.length === Math.min(rowsAtOnce, this.#listsPerPart)) await this.#append();
    if (this.#appended >= this.#listsPerPart) await this.#part();
  }

  /** @returns a relation, in brackets */
  async finish(): Promise<string> {
    await this.#append();
    await this.#part();
    // The rows of files and of lists keep their order: DuckDB's preserve_insertion_order.
    return `(SELECT listener, 't' || substr(keys, 2 + ${2 * keyBytes} * (position - 1), 15) AS track_id,
                    CAST(position AS INTEGER) AS position
             FROM (SELECT listener, keys, unnest(range(1, 1 + len(keys) // ${2 * keyBytes})) AS position
                   FROM read_parquet([${this.#parts.map(quoted).join(', ')}])))`;
  }

  async #append(): Promise<void> {
    if (this.#appended === 0) {
      await this.#sql.run('CREATE OR REPLACE TEMP TABLE listed (listener VARCHAR, keys VARCHAR)');
    }
    await this.#sql.append('listed', this.#rows);
    this.#appended += this.#rows.length;
    this.#rows = [];
  }

  async #part(): Promise<void> {
    if (this.#appended === 0 && this.#parts.length > 0) return;
    const name = String(this.#parts.length).padStart(6, '0');
    const path = join(this.#folder, `${name}.parquet`);
    await this.#sql.run(`COPY listed TO ${quoted(path)} (FORMAT parquet)`);
    await this.#sql.run('DROP TABLE listed');
    this.#parts.push(path);
    this.#appended = 0;
  }
}

/** 16 digits a track, the highest first. */
function hexKeys(stored: Pick<WeeklyList, 'tracks' | 'words'>): string {
  const keys = Buffer.allocUnsafe(stored.tracks.length);
  let at = 0;
  visitTracks(stored, {
    track(low, high) {
      keys.writeUInt32BE(high, at);
      keys.writeUInt32BE(low, at + 4);
      at += keyBytes;
    },
  });
  return keys.toString('hex', 0, at);
}
