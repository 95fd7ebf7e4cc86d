import { Mistake } from '../../model/mistake.ts';
import type { ImportSession } from './session.ts';
import type { SourceFolder } from './source-folder.ts';

/** Reads one layout of source files into lake tables. */
export interface Importer {
  /** Raise it when the same files no longer give the same rows. */
  readonly version: number;
  /** What it looks for, for messages: `listens/nowplaying-2014.csv`. */
  readonly layout: string;
  /** Whether it brings listens. */
  readonly bringsListens: boolean;
  /** The name that its rows carry in `source`: lower case, digits and hyphens. */
  source(folder: SourceFolder): string;
  /**
   * The files that it would read, as the folder names them; none where the layout is not there.
   *
   * @throws Mistake `SOURCE_MISSING` where some files of the layout are there and one is not
   */
  find(folder: SourceFolder): string[];
  run(session: ImportSession): Promise<void>;
}

/**
 * The files of a layout that only makes sense whole; none where none of them is there.
 *
 * @throws Mistake `SOURCE_MISSING` naming the first that is missing beside one that is there
 */
export function allOrNone(folder: SourceFolder, files: readonly string[]): string[] {
  const found = files.flatMap((file) => folder.find(file) ?? []);
  if (found.length === 0 || found.length === files.length) return found;
  const missing = files.find((file) => folder.find(file) === undefined)!;
  throw new Mistake(
    'SOURCE_MISSING',
    `${folder.locate(missing)}: expected this file beside ${found[0]!}, found no such file`,
  );
}
