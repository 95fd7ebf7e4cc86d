import { Mistake } from '../../model/mistake.ts';
import type { ModelFiles } from '../../pipelines/models.ts';
import type { Log } from '../../pipelines/ports.ts';
import type { FolderFiles } from './folder-files.ts';

/**
 * Files of a store that is far, each kept here too once it was put or got. One that is put while the
 * store is away is kept here, and brought to it by `sendUnsent`; one that is damaged here is fetched
 * again.
 */
export function cachedFiles(far: ModelFiles, near: FolderFiles, log: Log): ModelFiles {
  return {
    place: far.place,
    async put(version, name, bytes) {
      await near.put(version, name, bytes);
      try {
        await far.put(version, name, bytes);
      } catch (error) {
        if (!isAway(error)) throw error;
        await near.put(version, noteOf(name), new Uint8Array(0));
        log.warn({ version, name }, `${error.message}; it is kept here and sent at the next start`);
      }
    },
    async get(version, name, isWhole = () => true) {
      const here = await near.get(version, name);
      if (here !== undefined && isWhole(here)) return here;
      const found = await far.get(version, name);
      if (found === undefined || !isWhole(found)) return found ?? here;
      if (here !== undefined) await near.remove(version, name);
      await near.put(version, name, found);
      return found;
    },
  };
}

/** Brings to a store what was put while it was away; what it is still away for stays noted. */
export async function sendUnsent(far: ModelFiles, near: FolderFiles, log: Log): Promise<void> {
  for (const { version, name: note } of await near.find(unsentNote)) {
    const name = note.slice(0, -unsentNote.length);
    const bytes = await near.get(version, name);
    try {
      if (bytes !== undefined) await far.put(version, name, bytes);
    } catch (error) {
      if (!isAway(error)) throw error;
      log.warn({ version, name }, `${error.message}; it is kept here and sent at the next start`);
      return;
    }
    await near.remove(version, note);
  }
}

/** Ends the name of an empty file beside one that the far store does not have yet. */
const unsentNote = '.unsent';

function noteOf(name: string): string {
  return `${name}${unsentNote}`;
}

function isAway(error: unknown): error is Mistake {
  return error instanceof Mistake && error.code === 'SERVER_DOWN';
}
