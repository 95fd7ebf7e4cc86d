import { chmod, mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { Mistake } from '../../model/mistake.ts';
import { hashOf } from '../mongo/erased.ts';

const record = z.object({
  format: z.literal(1),
  /** SHA-256 of the listener's id, hexadecimal. */
  hash: z.string().length(64),
  /** The id, until the erasure is done: who is killed halfway could not go on without it. */
  listener: z.string().optional(),
  /** What their pictures and covers are known by, until it is done: their lists go first. */
  pictures: z.object({ pictures: z.array(z.string()), covers: z.array(z.string()) }).optional(),
  /** Playlists of theirs in the lake, as [source, id], until it is done: who owns them goes first. */
  playlists: z.array(z.tuple([z.string(), z.string()])).optional(),
  /** When it was asked for: what they did before is erased and does not come back. */
  at: z.iso.datetime(),
  /** Somebody began with it: whatever is not counted in `removed` may have been done. */
  begun: z.boolean().optional(),
  finishedAt: z.iso.datetime().optional(),
  /** What was removed, by store and kind; of all tries together. */
  removed: z.record(z.string(), z.number()),
});
export type ErasureRecord = z.infer<typeof record>;

/** The erasures of a home, a file each: `<home>/erasures/<hash>.json`, readable by its owner only. */
export interface ErasureBook {
  find(listener: string): Promise<ErasureRecord | undefined>;
  write(erasure: ErasureRecord): Promise<void>;
  /** Those that were begun and not finished, the oldest first. */
  unfinished(): Promise<(ErasureRecord & { readonly listener: string })[]>;
}

/** @throws Mistake `ARTIFACT_CORRUPT` while it is read, where a file is something else */
export function openErasureBook(home: string): ErasureBook {
  const folder = join(home, 'erasures');
  const read = async (name: string): Promise<ErasureRecord | undefined> => {
    const path = join(folder, name);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    try {
      return record.parse(JSON.parse(text));
    } catch (cause) {
      throw new Mistake(
        'ARTIFACT_CORRUPT',
        `${path}: expected the record of an erasure, got something else; remove it and erase again`,
        { cause },
      );
    }
  };
  return {
    find: (listener) => read(`${hashOf(listener)}.json`),
    async write(erasure) {
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o700);
      const text = JSON.stringify(erasure, null, 1);
      await writeFileAtomic(join(folder, `${erasure.hash}.json`), text, { mode: 0o600 });
    },
    async unfinished() {
      const names = await readdir(folder).catch(() => [] as string[]);
      const found: (ErasureRecord & { listener: string })[] = [];
      for (const name of names.filter((one) => /^[0-9a-f]{64}\.json$/.test(one))) {
        const one = await read(name);
        if (one?.listener === undefined || one.finishedAt !== undefined) continue;
        found.push({ ...one, listener: one.listener });
      }
      return found.sort((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)));
    },
  };
}
