import { createHash } from 'node:crypto';
import { createReadStream, existsSync, rmSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { Mistake } from '../model/mistake.ts';
import type { ArtifactStore, StoredArtifact } from '../pipelines/runner.ts';
import { acquireLock } from './lock.ts';
import { makeFolder, replaceFile, syncToDisk } from './to-disk.ts';

/** The file that says that a folder is a whole artifact, and what it holds. */
const manifestName = 'artifact.json';

const manifestSchema = z.object({
  format: z.literal(1),
  stage: z.string(),
  version: z.int(),
  fingerprint: z.string(),
  options: z.unknown(),
  inputs: z.record(z.string(), z.string()),
  funnel: z.object({
    stage: z.string(),
    rowsIn: z.number(),
    rowsOut: z.number(),
    dropped: z.record(z.string(), z.number()),
    figures: z.record(z.string(), z.union([z.number(), z.string()])),
    seconds: z.number(),
    peakMemoryMb: z.number(),
    reused: z.boolean(),
  }),
  files: z.array(z.object({ path: z.string(), bytes: z.int(), sha256: z.string() })),
});
type Manifest = z.infer<typeof manifestSchema>;

export interface Artifacts extends ArtifactStore {
  /** What an artifact was made from: its options, and the fingerprint of each input by name. */
  origin(
    stage: string,
    fingerprint: string,
  ): Promise<{ options: unknown; inputs: Readonly<Record<string, string>> } | undefined>;
  /** Removes what killed runs began and nobody goes on with just now. */
  removeUnfinished(): Promise<void>;
}

/**
 * Artifacts as folders `<root>/<stage>/<fingerprint>/`.
 *
 * An artifact is written to `<root>/.building/` and renamed when its manifest, the last file, is
 * there: after a kill at any moment it is there whole or not at all.
 */
export function openArtifacts(root: string): Artifacts {
  const building = join(root, '.building');
  const folderOf = (stage: string, fingerprint: string) => join(root, stage, fingerprint);
  const lockOf = (name: string) => join(root, '.locks', name);
  const verified = new Set<string>();

  return {
    async find(stage, fingerprint) {
      const folder = folderOf(stage, fingerprint);
      const manifest = await readManifest(folder);
      if (manifest === undefined) return undefined;
      if (!verified.has(folder)) {
        await verify(folder, manifest);
        verified.add(folder);
      }
      return stored(folder, manifest);
    },

    async origin(stage, fingerprint) {
      const manifest = await readManifest(folderOf(stage, fingerprint));
      return manifest && { options: manifest.options, inputs: manifest.inputs };
    },

    async workspace(stage, fingerprint) {
      const scratch = join(building, `${stage}-${fingerprint}`);
      await mkdir(scratch, { recursive: true });
      return scratch;
    },

    async clear(scratch) {
      await rm(scratch, { recursive: true, force: true });
      await mkdir(scratch, { recursive: true });
    },

    async commit(scratch, description) {
      const files = [];
      for (const path of await filesBelow(scratch)) {
        files.push({
          path: relative(scratch, path),
          bytes: (await stat(path)).size,
          sha256: await sha256File(path),
        });
      }
      const manifest: Manifest = {
        format: 1,
        ...description,
        inputs: { ...description.inputs },
        funnel: {
          ...description.funnel,
          dropped: { ...description.funnel.dropped },
          figures: { ...description.funnel.figures },
        },
        files,
      };
      await replaceFile(join(scratch, manifestName), JSON.stringify(manifest, null, 1));
      const folder = folderOf(description.stage, description.fingerprint);
      await makeFolder(join(root, description.stage));
      await rm(folder, { recursive: true, force: true });
      await rename(scratch, folder);
      await syncToDisk(join(root, description.stage));
      verified.add(folder);
      return stored(folder, manifest);
    },

    async claim(stage, fingerprint, { shared, signal }) {
      const lock = lockOf(`${stage}-${fingerprint}`);
      const what = `${stage} ${fingerprint}`;
      const release = await acquireLock(lock, { waitMs: Infinity, what, shared, signal });
      return () => {
        // Whoever waits for it looks first whether the artifact is there: it can do without.
        const isMade = existsSync(join(folderOf(stage, fingerprint), manifestName));
        if (isMade) rmSync(lock, { force: true });
        release();
      };
    },

    async removeUnfinished() {
      for (const name of await readdir(building).catch(() => [] as string[])) {
        const lock = lockOf(name);
        const release = await acquireLock(lock, { waitMs: 0, what: name }).catch(() => undefined);
        if (release === undefined) continue; // somebody is at work
        await rm(join(building, name), { recursive: true, force: true });
        await rm(lock, { force: true });
        release();
      }
      // What is left in these is somebody's.
      await rmdir(building).catch(() => undefined);
      await removeFreeLocks(join(root, '.locks'));
    },

    async discard(stage, fingerprint) {
      const folder = folderOf(stage, fingerprint);
      verified.delete(folder);
      await rm(folder, { recursive: true, force: true });
      await rm(join(building, `${stage}-${fingerprint}`), { recursive: true, force: true });
    },
  };
}

/** Removes the locks that nobody has: a killed run leaves its own. */
async function removeFreeLocks(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    const path = join(folder, name);
    // With a point: one that was not finished.
    const isWhole = !name.includes('.');
    const release = isWhole
      ? await acquireLock(path, { waitMs: 0, what: name }).catch(() => undefined)
      : () => undefined;
    if (release === undefined) continue;
    await rm(path, { force: true });
    release();
  }
}

function stored(folder: string, manifest: Manifest): StoredArtifact {
  return {
    folder,
    fingerprint: manifest.fingerprint,
    content: createHash('sha256').update(JSON.stringify(manifest.files)).digest('hex').slice(0, 24),
    tables: manifest.files
      .filter(({ path }) => path.endsWith('.parquet') && !path.includes('/'))
      .map(({ path }) => ({ name: path.slice(0, -'.parquet'.length), file: join(folder, path) })),
    funnel: manifest.funnel,
  };
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = join(folder, manifestName);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Mistake(
      'ARTIFACT_CORRUPT',
      `${path}: expected the manifest of an artifact, got something else; delete the folder and run again`,
      { cause },
    );
  }
}

async function verify(folder: string, manifest: Manifest): Promise<void> {
  for (const file of manifest.files) {
    const path = join(folder, file.path);
    const bytes = await stat(path).then(
      ({ size }) => size,
      () => -1,
    );
    const found =
      bytes !== file.bytes
        ? bytes === -1
          ? 'no such file'
          : `${bytes} bytes`
        : (await sha256File(path)) === file.sha256
          ? undefined
          : 'other content';
    if (found !== undefined) {
      throw new Mistake(
        'ARTIFACT_CORRUPT',
        `${path}: expected ${file.bytes} bytes as stage "${manifest.stage}" wrote them, got ${found}; make it again with --from ${manifest.stage}`,
      );
    }
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name !== manifestName)
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
