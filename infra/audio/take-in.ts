import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { audioFeaturesVersion, type AudioFeatures } from '../../model/audio/analyse.ts';
import { fromLake, type Lake } from '../../pipelines/lake.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { createTable, lakeTables } from '../../pipelines/tables.ts';
import { saveParquet } from '../../pipelines/views.ts';
import { hashFile } from '../hash-file.ts';
import { analyseFile } from './analyse-file.ts';
import { audioLimits, BrokenAudio, MissingDecoder, type AudioLimits } from './decode.ts';
import { audioFiles, audioFolder, type AudioFile } from './folder.ts';

/** The name that features from files carry in `source`. */
export const audioSource = 'audio';

export interface TakingIn {
  readonly home: string;
  readonly lake: Lake;
  readonly openSql: () => Promise<Sql>;
  readonly limits?: AudioLimits;
  /** Files whose features go into the lake together. Default 50. */
  readonly batchFiles?: number;
  readonly signal?: AbortSignal;
  /** Told of each file that is done. */
  readonly onFile?: (file: AudioFile, outcome: 'analysed' | 'copied' | 'refused') => void;
}

export interface TakenIn {
  /** Files in the folder. */
  files: number;
  /** Decoded and analysed now. */
  analysed: number;
  /** New names of what was analysed before, under another name. */
  copied: number;
  /** In the lake before. */
  known: number;
  /** By reason: files of no use, those refused before too, and those without a decoder. */
  refused: Record<string, number>;
  /** Seconds of sound that were analysed. */
  seconds: number;
}

/** What is known of files, so that nothing is read twice. */
const notes = z.object({
  version: z.number(),
  /** By path under the folder: size and time of change when its hash was taken. */
  hashes: z.record(z.string(), z.tuple([z.number(), z.number(), z.string()])),
  /** By SHA-256: why the content is of no use. */
  refused: z.record(z.string(), z.string()),
});
type Notes = z.infer<typeof notes>;

interface Row {
  readonly file: AudioFile;
  readonly sha256: string;
  readonly features: AudioFeatures;
}

/**
 * Brings the features of all files of `<home>/lake/audio/` into the lake's `audio_features`: each
 * content is analysed once, whatever it is called and wherever it was stopped. A broken file is kept
 * in the lake's rejects with its reason.
 */
export async function takeInAudio(taking: TakingIn): Promise<TakenIn> {
  const { home, lake, openSql, signal, onFile, batchFiles = 50 } = taking;
  const folder = audioFolder(home);
  const noted = await readNotes(home);
  const files = await audioFiles(folder);
  const done: TakenIn = {
    ...{ files: files.length, analysed: 0, copied: 0, known: 0, refused: {}, seconds: 0 },
  };
  const sql = await openSql();
  try {
    const known = await knownFeatures(sql, lake);
    let rows: Row[] = [];
    let refused: { file: string; sha256: string; reason: string }[] = [];
    const save = async () => {
      if (rows.length + refused.length > 0) await commit(sql, lake, rows, refused);
      for (const { sha256, reason } of refused) noted.refused[sha256] = reason;
      await writeNotes(home, noted);
      rows = [];
      refused = [];
    };
    for (const file of files) {
      signal?.throwIfAborted();
      const name = relative(folder, file.path);
      const sha256 = await hashOf(file, name, noted, signal);
      const before = noted.refused[sha256];
      const same = known.get(sha256);
      if (before !== undefined) {
        done.refused[before] = (done.refused[before] ?? 0) + 1;
        continue;
      }
      if (same?.names.has(file.recordingId) === true) {
        done.known++;
        continue;
      }
      try {
        const features =
          same?.features ?? (await analyseFile(file.path, taking.limits ?? audioLimits, signal));
        known.set(sha256, {
          features,
          names: new Set([...(same?.names ?? []), file.recordingId]),
        });
        rows.push({ file, sha256, features });
        if (same === undefined) {
          done.analysed++;
          done.seconds += features.seconds;
        } else done.copied++;
        onFile?.(file, same === undefined ? 'analysed' : 'copied');
      } catch (error) {
        if (error instanceof MissingDecoder) {
          // Nothing is remembered: it may be installed by the next look.
          done.refused[error.message] = (done.refused[error.message] ?? 0) + 1;
          continue;
        }
        if (!(error instanceof BrokenAudio)) throw error;
        refused.push({ file: name, sha256, reason: error.message });
        done.refused[error.message] = (done.refused[error.message] ?? 0) + 1;
        onFile?.(file, 'refused');
      }
      if (rows.length + refused.length >= batchFiles) await save();
    }
    await save();
    return done;
  } finally {
    sql.dispose();
  }
}

interface Known {
  readonly features: AudioFeatures;
  /** Recordings that have this content. */
  readonly names: ReadonlySet<string>;
}

/** What the lake holds, by the hash of the content. */
async function knownFeatures(sql: Sql, lake: Lake): Promise<Map<string, Known>> {
  const { tables } = await lake.snapshot();
  const rows = await sql.rows<{
    sha256: string;
    names: string[];
    seconds: number;
    loudness: number | null;
    tempo: number | null;
    musical_key: number | null;
    mode: 0 | 1 | null;
    timbre: number[];
    chroma: number[];
  }>(
    `SELECT sha256, list(recording_id ORDER BY recording_id) AS names,
       ${['seconds', 'loudness', 'tempo', 'musical_key', 'mode', 'timbre', 'chroma']
         .map((column) => `arg_min(${column}, recording_id) AS ${column}`)
         .join(', ')}
     FROM ${fromLake('audio_features', tables.audio_features)} GROUP BY sha256 ORDER BY sha256`,
  );
  return new Map(
    rows.map((row) => [
      row.sha256,
      {
        names: new Set(row.names),
        features: {
          seconds: row.seconds,
          loudness: row.loudness ?? undefined,
          tempo: row.tempo ?? undefined,
          key: row.musical_key ?? undefined,
          mode: row.mode ?? undefined,
          timbre: Float32Array.from(row.timbre),
          chroma: Float32Array.from(row.chroma),
        },
      },
    ]),
  );
}

async function hashOf(
  file: AudioFile,
  name: string,
  { hashes }: Notes,
  signal: AbortSignal | undefined,
): Promise<string> {
  const [bytes, changedAt, hash] = hashes[name] ?? [];
  if (hash !== undefined && bytes === file.bytes && changedAt === file.changedAt) return hash;
  const sha256 = await hashFile(file.path, signal);
  hashes[name] = [file.bytes, file.changedAt, sha256];
  return sha256;
}

async function commit(
  sql: Sql,
  lake: Lake,
  rows: readonly Row[],
  refused: readonly { file: string; sha256: string; reason: string }[],
): Promise<void> {
  await lake.update(async (update) => {
    const written = [];
    if (rows.length > 0) {
      await sql.run(
        `DROP TABLE IF EXISTS taken; ${createTable('taken', lakeTables.audio_features)}`,
      );
      for (const { file, sha256, features } of rows) {
        await sql.run(
          `INSERT INTO taken BY NAME SELECT
             $recording AS recording_id, $seconds AS seconds, $loudness AS loudness,
             $tempo AS tempo, $key AS musical_key, $mode AS mode,
             CAST(CAST($timbre AS JSON) AS FLOAT[]) AS timbre,
             CAST(CAST($chroma AS JSON) AS FLOAT[]) AS chroma, $sha256 AS sha256,
             $source AS source`,
          {
            ...{ recording: file.recordingId, seconds: features.seconds, sha256 },
            loudness: features.loudness ?? null,
            tempo: features.tempo ?? null,
            key: features.key ?? null,
            mode: features.mode ?? null,
            timbre: JSON.stringify([...features.timbre]),
            chroma: JSON.stringify([...features.chroma]),
            source: audioSource,
          },
        );
      }
      const path = join(update.scratch, 'audio_features.parquet');
      const count = await saveParquet(
        sql,
        path,
        '(SELECT * FROM taken ORDER BY recording_id, sha256)',
      );
      written.push({ path, table: 'audio_features' as const, rows: count });
    }
    if (refused.length > 0) {
      const path = join(update.scratch, 'rejects.ndjson');
      await writeFile(path, refused.map((line) => `${JSON.stringify(line)}\n`).join(''));
      written.push({ path, table: 'rejects' as const, rows: refused.length });
    }
    const dropped: Record<string, number> = {};
    for (const { reason } of refused) dropped[reason] = (dropped[reason] ?? 0) + 1;
    const counts = {
      rowsIn: rows.length + refused.length,
      rowsOut: rows.length,
      tables: { audio_features: rows.length },
      ...{ dropped, repaired: {} },
    };
    const fingerprint = createHash('sha256')
      .update(`${audioFeaturesVersion}\n`)
      .update(rows.map(({ file, sha256 }) => `${file.recordingId}\0${sha256}\n`).join(''))
      .update(refused.map(({ file, sha256 }) => `${file}\0${sha256}\n`).join(''))
      .digest('hex');
    if (update.imported(audioSource, fingerprint) !== undefined) return;
    await update.commit({ source: audioSource, fingerprint, counts }, written);
  });
}

function notesPath(home: string): string {
  return join(home, 'audio-notes.json');
}

async function readNotes(home: string): Promise<Notes> {
  const none: Notes = { version: audioFeaturesVersion, hashes: {}, refused: {} };
  try {
    const found = notes.parse(JSON.parse(await readFile(notesPath(home), 'utf8')));
    // What one version refuses another may take.
    return found.version === audioFeaturesVersion ? found : { ...none, hashes: found.hashes };
  } catch {
    return none;
  }
}

async function writeNotes(home: string, noted: Notes): Promise<void> {
  await mkdir(dirname(notesPath(home)), { recursive: true });
  await writeFileAtomic(notesPath(home), JSON.stringify(noted));
}
