import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { audioExtensions } from './decode.ts';

/** A file of a recording. */
export interface AudioFile {
  readonly path: string;
  /** The file's name without its ending; `%3A` and its kind stand for what names cannot hold. */
  readonly recordingId: string;
  readonly bytes: number;
  /** Milliseconds since 1970 of its last change. */
  readonly changedAt: number;
}

/** Where recordings lie under a home: `<home>/lake/audio/<recording_id>.flac`, in any subfolders. */
export function audioFolder(home: string): string {
  return join(home, 'lake', 'audio');
}

/** The audio files of a folder and all in it, by path; none where there is no folder. */
export async function audioFiles(folder: string): Promise<AudioFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  const files: AudioFile[] = [];
  for (const entry of entries) {
    const ending = extname(entry.name);
    const isAudio = (audioExtensions as readonly string[]).includes(ending.slice(1).toLowerCase());
    if (!entry.isFile() || !isAudio) continue;
    const path = join(entry.parentPath, entry.name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    files.push({
      path,
      recordingId: decoded(entry.name.slice(0, -ending.length)),
      bytes: found.size,
      changedAt: Math.round(found.mtimeMs),
    });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
