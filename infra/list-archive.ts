import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { visitTracks } from '../model/listed-tracks.ts';
import { readBsonFile } from '../pipelines/bson-file.ts';
import {
  listNameFiles,
  listsManifest,
  makeListsAgain,
  readListsManifest,
} from '../pipelines/make-lists.ts';
import {
  artistName,
  trackName,
  weeklyList,
  type FrozenLists,
  type ListArchive,
} from '../pipelines/lists.ts';
import type { ArtifactStore, StoredArtifact } from '../pipelines/runner.ts';
import { openWeekBook } from './week-book.ts';

/** Where the frozen weeks of a home are: one folder for each lake. */
export function weekBookFolder(home: string, lake: string): string {
  return join(home, 'weeks', lake);
}

/**
 * The lists of all weeks that were made in a home, whichever the lake. Where two lakes have made
 * the same week, the one frozen last counts; of two at the same moment the first by name.
 */
export function openListArchive(home: string, artifacts: ArtifactStore): ListArchive {
  const books = async () => {
    const lakes = await readdir(join(home, 'weeks')).catch(() => [] as string[]);
    return lakes.sort().map((lake) => openWeekBook(weekBookFolder(home, lake)));
  };
  return {
    async find(week) {
      const found = await Promise.all((await books()).map((book) => book.find(week)));
      const made = found
        .filter((frozen) => frozen?.lists !== undefined)
        .sort((a, b) => Date.parse(b!.frozenAt) - Date.parse(a!.frozenAt))[0];
      if (made?.lists === undefined) return undefined;
      const artifact = await artifacts.find('lists', made.lists.fingerprint);
      return artifact === undefined ? undefined : frozenLists(artifact);
    },
    async weeks() {
      const made = new Set<string>();
      for (const book of await books()) {
        for (const week of await book.weeks()) {
          if ((await book.find(week))?.lists !== undefined) made.add(week);
        }
      }
      return [...made].sort();
    },
  };
}

/**
 * An artifact of the stage `lists` as the delivery takes it.
 *
 * @throws Mistake `ARTIFACT_CORRUPT`, also while it is read, for lists and names that are damaged,
 *   with the file and the byte, and for lists that an older version made
 */
export async function frozenLists(artifact: StoredArtifact): Promise<FrozenLists> {
  const manifest = await readListsManifest(join(artifact.folder, listsManifest));
  const fileOf = new Map(manifest.zones.map(({ zone, file }) => [zone, file]));
  const read = <T>(file: string, schema: z.ZodType<T>) =>
    readBsonFile(join(artifact.folder, file), schema, makeListsAgain);
  return {
    week: manifest.week,
    fingerprint: artifact.fingerprint,
    model: manifest.model,
    zones: manifest.zones.map(({ zone, listeners }) => ({ zone, listeners })),
    async *read(zone) {
      const file = fileOf.get(zone);
      if (file !== undefined) yield* read(file, readableList);
    },
    trackNames: () => read(listNameFiles.tracks, trackName),
    artistNames: () => read(listNameFiles.artists, artistName),
  };
}

/** A list whose tracks are what `TracksWriter` writes. */
const readableList = weeklyList.refine((list) => {
  visitTracks(list, { track: () => undefined });
  return true;
});
