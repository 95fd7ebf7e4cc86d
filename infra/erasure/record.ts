import { chmod, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Mistake } from '../../model/mistake.ts';
import { withLock } from '../lock.ts';
import { hashOf } from '../mongo/erased.ts';
import { makeFolder, replaceFile } from '../to-disk.ts';

const record = z.object({
  format: z.literal(1),
  /** SHA-256 of the listener's id, hexadecimal. */
  hash: z.string().length(64),
  /** The id, until the erasure is done: who is killed halfway could not go on without it. */
  listener: z.string().optional(),
  /** What their pictures and covers are known by, until it is done: their lists go first. */
  pictures: z.object({ pictures: z.array(z.string()), covers: z.array(z.string()) }).optional(),
  /** Playlists of theirs in the lake, as [source, id], until it is done: who owns them goes first. */
  playlists: z.array(z.tuple([z.string(), z.string()]).readonly()).optional(),
  /** When it was asked for: what they did before is erased and does not come back. */
  at: z.iso.datetime(),
  /** Somebody began with it: whatever is not counted in `removed` may have been done. */
  begun: z.boolean().optional(),
  /** When it was last asked for again since somebody began: what came since is for another pass. */
  askedAgainAt: z.iso.datetime().optional(),
  finishedAt: z.iso.datetime().optional(),
  /** What was removed, by store and kind; of all tries together. */
  removed: z.record(z.string(), z.number()),
});
export type ErasureRecord = z.infer<typeof record>;

/** An erasure that is open: it names the listener. */
export type OpenErasure = ErasureRecord & { readonly listener: string };

/**
 * The erasures of a home, a file each: `<home>/erasures/<hash>.json`, readable by its owner only.
 * One process carries an erasure out (`begin`, `write`, `finish`), while any may ask for it: each
 * change is made under a lock of its own, so that none of them writes over another.
 */
export interface ErasureBook {
  /**
   * From then on it happens, whoever is killed. Where one is at work already it has passed places
   * where more may have come since: then it is open again once that one is done. Of several that
   * ask meanwhile one more pass serves all.
   *
   * @param at - ISO 8601: what they did before goes
   * @returns what was asked for; `at` is never before that of an earlier one which is still open
   */
  ask(listener: string, at: string): Promise<Pick<ErasureRecord, 'hash' | 'at'>>;
  find(listener: string): Promise<ErasureRecord | undefined>;
  /**
   * What is to be carried out, from its beginning, up to what was asked for last: this pass serves
   * all who have asked so far. Only for who has the turn to erase.
   *
   * @returns `isAgain`: somebody had begun with it; undefined where nothing is open
   */
  begin(listener: string): Promise<{ erasure: OpenErasure; isAgain: boolean } | undefined>;
  /** What was done so far. */
  write(erasure: ErasureRecord): Promise<void>;
  /**
   * Writes down that it is done, without the id; where it was asked for again since it was begun
   * another one is open instead.
   *
   * @returns when it was asked for again
   */
  finish(erasure: ErasureRecord & { readonly finishedAt: string }): Promise<string | undefined>;
  /** Those that were asked for and not finished, the oldest first. */
  unfinished(): Promise<OpenErasure[]>;
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
  const put = async (erasure: ErasureRecord): Promise<void> => {
    await chmod(folder, 0o700);
    const text = JSON.stringify(erasure, null, 1);
    await replaceFile(join(folder, `${erasure.hash}.json`), text, { mode: 0o600 });
  };
  const change = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await makeFolder(folder);
    const options = { waitMs: 60_000, what: `the records in ${folder}` };
    return withLock(join(folder, 'lock'), options, work);
  };
  return {
    ask: (listener, at) =>
      change(async () => {
        const hash = hashOf(listener);
        const known = await read(`${hash}.json`);
        const isOpen = known !== undefined && known.finishedAt === undefined;
        // The clock may have been put back.
        const asked = isOpen ? laterOf(at, known.askedAgainAt ?? known.at) : at;
        if (!isOpen) await put({ format: 1, hash, listener, at, removed: {} });
        else await put({ ...known, [known.begun === true ? 'askedAgainAt' : 'at']: asked });
        return { hash, at: asked };
      }),
    find: (listener) => read(`${hashOf(listener)}.json`),
    begin: (listener) =>
      change(async () => {
        const name = `${hashOf(listener)}.json`;
        await removeHalfWritten(folder, name);
        const known = await read(name);
        if (known === undefined || known.finishedAt !== undefined) return undefined;
        const { askedAgainAt, at, ...open } = known;
        const erasure = { ...open, listener, at: askedAgainAt ?? at, begun: true };
        await put(erasure);
        return { erasure, isAgain: known.begun === true };
      }),
    write: (erasure) =>
      change(async () => {
        const askedAgainAt = (await read(`${erasure.hash}.json`))?.askedAgainAt;
        await put(askedAgainAt === undefined ? erasure : { ...erasure, askedAgainAt });
      }),
    finish: ({ format, hash, at, finishedAt, removed }) =>
      change(async () => {
        const { askedAgainAt, listener } = (await read(`${hash}.json`)) ?? {};
        const isAsked = askedAgainAt !== undefined && listener !== undefined;
        if (isAsked) await put({ format, hash, listener, at: askedAgainAt, removed: {} });
        else await put({ format, hash, at, finishedAt, removed });
        return askedAgainAt;
      }),
    async unfinished() {
      const names = await readdir(folder).catch(() => [] as string[]);
      const found: OpenErasure[] = [];
      for (const name of names.filter((one) => /^[0-9a-f]{64}\.json$/.test(one))) {
        const one = await read(name);
        if (one?.listener === undefined || one.finishedAt !== undefined) continue;
        found.push({ ...one, listener: one.listener });
      }
      return found.sort((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)));
    },
  };
}

function laterOf(one: string, other: string): string {
  return one < other ? other : one;
}

/** Who was killed while they replaced a record has left a file that names the listener. */
async function removeHalfWritten(folder: string, name: string): Promise<void> {
  for (const left of await readdir(folder)) {
    if (left.startsWith(`${name}.`)) await rm(join(folder, left), { force: true });
  }
}
