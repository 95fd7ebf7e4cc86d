import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Mistake } from '../../model/mistake.ts';
import { TextFile } from './text-file.ts';

/** Called about once in 1,000 things done, and at the end of each kind. */
export type SimulationProgress = (
  what: 'recordings' | 'playlists' | 'texts' | 'listeners',
  done: number,
  total: number,
) => void;

/** The note that a folder is a whole simulation; written last. */
export const noteName = 'simulation.json';

const progressEvery = 1_000;

/**
 * The folder in the making. Everything is written beside the place, as `<folder>.partial`, and
 * renamed when whole: whoever is killed leaves nothing in the place itself.
 */
export class Output {
  readonly #partial: string;
  readonly #progress: SimulationProgress;
  readonly #signal: AbortSignal;
  readonly #files = new Map<string, TextFile>();

  private constructor(partial: string, progress: SimulationProgress, signal: AbortSignal) {
    this.#partial = partial;
    this.#progress = progress;
    this.#signal = signal;
  }

  /** What an earlier, killed run left beside the place is removed. */
  static async begin(
    folder: string,
    progress: SimulationProgress,
    signal: AbortSignal,
  ): Promise<Output> {
    const partial = `${folder}.partial`;
    await rm(partial, { recursive: true, force: true });
    await mkdir(join(partial, 'truth'), { recursive: true });
    return new Output(partial, progress, signal);
  }

  /** @param name - within the folder, `/` between parts */
  async create(name: string, header = ''): Promise<TextFile> {
    const file = await TextFile.create(join(this.#partial, name), header);
    this.#files.set(name, file);
    return file;
  }

  /**
   * Reports that thing `index` is done.
   *
   * @throws what the signal was aborted with
   */
  step(what: Parameters<SimulationProgress>[0], index: number, total: number): void {
    const done = index + 1;
    if (done % progressEvery !== 0 && done !== total) return;
    this.#signal.throwIfAborted();
    this.#progress(what, done, total);
  }

  /** Lines of a file so far. */
  rows(name: string): number {
    return this.#files.get(name)!.rows;
  }

  /** Closes all files; their sizes in bytes by name. */
  async close(): Promise<Record<string, number>> {
    for (const file of this.#files.values()) await file.close();
    return Object.fromEntries([...this.#files].map(([name, file]) => [name, file.bytes]));
  }

  /** Writes the note and puts the folder in its place; an earlier simulation there goes. */
  async finish(folder: string, note: object): Promise<void> {
    await writeFile(join(this.#partial, noteName), `${JSON.stringify(note, null, 2)}\n`);
    await rm(folder, { recursive: true, force: true });
    await rename(this.#partial, folder);
  }

  async abandon(): Promise<void> {
    for (const file of this.#files.values()) await file.dispose();
    await rm(this.#partial, { recursive: true, force: true });
  }
}

/**
 * Whether a simulation may be written to the place: it is free, empty, or holds a simulation.
 *
 * @throws Mistake `USAGE` where it holds anything else, which is not ours to remove
 */
export async function ensureReplaceable(folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) return;
  const names = found.isDirectory() ? await readdir(folder) : ['a file'];
  if (names.length === 0 || names.includes(noteName)) return;
  throw new Mistake(
    'USAGE',
    `${folder}: expected a free place, an empty folder or an earlier simulation, got ${names[0]}`,
  );
}

/** The note of the simulation in a folder, or undefined where there is none or it cannot be read. */
export async function readNote(folder: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(folder, noteName), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether every file has the size that was noted. */
export async function filesAreWhole(
  folder: string,
  bytes: Readonly<Record<string, number>>,
): Promise<boolean> {
  const sizes = await Promise.all(
    Object.entries(bytes).map(async ([name, size]) => {
      const found = await stat(join(folder, name)).catch(() => undefined);
      return found?.size === size;
    }),
  );
  return sizes.every(Boolean);
}
