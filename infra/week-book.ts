import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Mistake } from '../model/mistake.ts';
import { weekKeyPattern } from '../model/week.ts';
import { frozenWeek, type FrozenWeek } from '../pipelines/week-plan.ts';
import { makeFolder, replaceFile } from './to-disk.ts';

/** The frozen weeks of one lake, a JSON file each: `<folder>/<week>.json`, replaced atomically. */
export interface WeekBook {
  /** @throws Mistake `ARTIFACT_CORRUPT` where the file is not a frozen week */
  find(week: string): Promise<FrozenWeek | undefined>;
  write(week: FrozenWeek): Promise<void>;
  /** Ascending. */
  weeks(): Promise<string[]>;
}

export function openWeekBook(folder: string): WeekBook {
  const fileOf = (week: string) => join(folder, `${week}.json`);
  return {
    async find(week) {
      const path = fileOf(week);
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (text === undefined) return undefined;
      try {
        return frozenWeek.parse(JSON.parse(text));
      } catch (cause) {
        throw new Mistake(
          'ARTIFACT_CORRUPT',
          `${path}: expected the record of a frozen week, got something else; delete it and run the week again`,
          { cause },
        );
      }
    },
    async write(week) {
      await makeFolder(folder);
      await replaceFile(fileOf(week.week), JSON.stringify(week, null, 1));
    },
    async weeks() {
      const files = await readdir(folder).catch(() => [] as string[]);
      return files
        .filter((file) => file.endsWith('.json') && weekKeyPattern.test(file.slice(0, -5)))
        .map((file) => file.slice(0, -5))
        .sort();
    },
  };
}
