import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArrivedEntry, LoggedTable } from './log.ts';

/** Bodies of one table, one after the other: NDJSON as it came. */
export interface SpooledFile {
  readonly path: string;
  readonly table: LoggedTable;
  /** How many entries of `erasures` had come before these; entries of a file agree in it. */
  readonly erasuresBefore: number;
  /**
   * When the entries came, milliseconds since 1970, cut down to the second: for those that came
   * before the newest erasure that was known. Undefined: they came after all of them.
   */
  readonly arrivedMs: number | undefined;
}

interface OpenFile {
  readonly spooled: SpooledFile;
  readonly handle: FileHandle;
  chunks: Uint8Array[];
  bytes: number;
}

/** What is held before it goes to the disk, for each file. */
const chunkBytes = 1 << 20;
const newline = Buffer.from('\n');

/** One micro-batch on its way from the log into the lake, in files of a folder. */
export class Spool {
  /** Of the last entry. */
  offset = -1;
  mark = '';
  /** Entries that brought something. */
  numEntries = 0;
  rows = 0;
  /** Files that are open. */
  get numFiles(): number {
    return this.#files.size;
  }
  bytes = 0;
  /** When its oldest entry was handed to the broker, milliseconds since 1970. */
  oldestMs = Infinity;
  readonly #folder: string;
  readonly #newestErasureMs: number;
  readonly #files = new Map<string, OpenFile>();
  #erasures = 0;

  /**
   * @param folder - its own; emptied by {@link Spool.remove}
   * @param newestErasureMs - of the erasures that the lake holds; -Infinity: of none
   */
  constructor(folder: string, newestErasureMs: number) {
    this.#folder = folder;
    this.#newestErasureMs = newestErasureMs;
  }

  async add({ offset, mark, table, rows, body, arrivedMs }: ArrivedEntry): Promise<void> {
    this.offset = offset;
    this.mark = mark;
    if (body.byteLength === 0) return;
    this.numEntries++;
    this.rows += rows;
    this.bytes += body.byteLength;
    this.oldestMs = Math.min(this.oldestMs, arrivedMs);
    const second =
      arrivedMs < this.#newestErasureMs ? Math.floor(arrivedMs / 1000) * 1000 : undefined;
    const file = await this.#file(table, second);
    file.chunks.push(body);
    file.bytes += body.byteLength;
    // A row ends with its line, or it would spoil the next entry's first.
    if (body.at(-1) !== newline[0]) {
      file.chunks.push(newline);
      file.bytes++;
    }
    if (file.bytes >= chunkBytes) await flush(file);
    if (table === 'erasures') this.#erasures++;
  }

  /** Writes what is held, and closes the files. */
  async close(): Promise<readonly SpooledFile[]> {
    for (const file of this.#files.values()) {
      await flush(file);
      await file.handle.close();
    }
    return [...this.#files.values()].map(({ spooled }) => spooled);
  }

  async remove(): Promise<void> {
    for (const { handle } of this.#files.values()) await handle.close().catch(() => undefined);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #file(table: LoggedTable, arrivedMs: number | undefined): Promise<OpenFile> {
    const name = [table, this.#erasures, ...(arrivedMs === undefined ? [] : [arrivedMs])].join('-');
    const found = this.#files.get(name);
    if (found !== undefined) return found;
    await mkdir(this.#folder, { recursive: true });
    const path = join(this.#folder, `${name}.ndjson`);
    const spooled = { path, table, erasuresBefore: this.#erasures, arrivedMs };
    const file = { spooled, handle: await open(path, 'w'), chunks: [], bytes: 0 };
    this.#files.set(name, file);
    return file;
  }
}

async function flush(file: OpenFile): Promise<void> {
  const { chunks, handle, bytes } = file;
  file.chunks = [];
  file.bytes = 0;
  if (chunks.length === 0) return;
  const { bytesWritten } = await handle.writev(chunks);
  // A disk that is full takes what fits, and says nothing.
  if (bytesWritten !== bytes) {
    throw new Error(
      `${file.spooled.path}: expected ${bytes} bytes to be written, got ${bytesWritten}`,
    );
  }
}
