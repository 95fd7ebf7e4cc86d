import { open, type FileHandle } from 'node:fs/promises';

/** Characters that gather before they are written. */
const chunkLength = 1 << 20;

/**
 * A text file in the making, UTF-8. The caller adds lines and, whenever `full`, awaits `flush`:
 * never more than about a mebibyte waits in memory, however slow the disk.
 */
export class TextFile {
  readonly #handle: FileHandle;
  #waiting = '';
  #rows = 0;
  #bytes = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** @param header - the first line, with its line end, or nothing; not counted in `rows` */
  static async create(path: string, header = ''): Promise<TextFile> {
    const file = new TextFile(await open(path, 'wx'));
    file.#waiting = header;
    return file;
  }

  /** Lines added, header apart. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes written; whole after `close`. */
  get bytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#waiting.length >= chunkLength;
  }

  /** @param line - with its line end */
  add(line: string): void {
    this.#waiting += line;
    this.#rows++;
  }

  async flush(): Promise<void> {
    const chunk = Buffer.from(this.#waiting);
    this.#waiting = '';
    // `writeFile` of a handle goes on from where it is, and writes all of the chunk.
    await this.#handle.writeFile(chunk);
    this.#bytes += chunk.length;
  }

  /** Writes the rest and closes. */
  async close(): Promise<void> {
    await this.flush();
    await this.#handle.close();
  }

  /** Closes without writing the rest; after `close` it does nothing. */
  async dispose(): Promise<void> {
    await this.#handle.close();
  }
}
