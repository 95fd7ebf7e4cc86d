import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lake } from '../../pipelines/lake.ts';
import type { Clock } from '../../pipelines/ports.ts';

/** The files of the lake's `listens` of a UTC day; the same object as long as they are the same. */
export interface DayOfListens {
  /** `2014-05-01` */
  readonly day: string;
  /** Absolute paths of Parquet files. */
  readonly files: readonly string[];
}

export interface Days {
  /** That of the snapshot. */
  readonly id: string;
  /** The newest day first. */
  readonly days: readonly DayOfListens[];
  /** Files of the lake's `feedback`: absolute paths. */
  readonly feedback: readonly string[];
}

/** How long a snapshot is taken for the newest without looking. */
const freshMs = 1000;

/** Looks at the manifest, at most once a second, and takes a snapshot where it is another. */
export function newestDays(lake: Lake, clock: Clock) {
  const manifest = join(lake.folder, 'manifest.json');
  let known: { days: Days; mark: string; at: number } | undefined;
  let looking: Promise<Days> | undefined;

  async function markOf(): Promise<string> {
    const found = await stat(manifest, { bigint: true }).catch(() => undefined);
    return found === undefined ? 'none' : `${found.ino} ${found.mtimeNs} ${found.size}`;
  }
  async function look(isForced: boolean): Promise<Days> {
    const at = clock();
    const mark = await markOf();
    let days = known?.days;
    if (days === undefined || isForced || known?.mark !== mark) {
      const { id, tables } = await lake.snapshot();
      days = { id, days: byDay(tables.listens, days?.days ?? []), feedback: tables.feedback };
    }
    known = { days, mark, at };
    return days;
  }
  const lookOnce = (isForced: boolean) =>
    (looking ??= look(isForced).finally(() => (looking = undefined)));
  return {
    newest: (): Promise<Days> =>
      known !== undefined && clock() - known.at < freshMs
        ? Promise.resolve(known.days)
        : lookOnce(false),
    /** Whether the manifest looks the same or not. */
    renewed: () => lookOnce(true),
  };
}

/** @param before - days that are kept where their files are the same */
function byDay(files: readonly string[], before: readonly DayOfListens[]): DayOfListens[] {
  const days = new Map<string, string[]>();
  for (const file of files) {
    const day = /[\\/]day=(\d{4}-\d\d-\d\d)[\\/]/.exec(file)?.[1];
    if (day === undefined) throw new Error(`${file}: expected a folder such as day=2014-05-01`);
    const others = days.get(day);
    if (others === undefined) days.set(day, [file]);
    else others.push(file);
  }
  const known = new Map(before.map((day) => [day.day, day]));
  return [...days]
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([day, ofDay]) => {
      const old = known.get(day);
      const isSame =
        old?.files.length === ofDay.length && old.files.every((file, n) => file === ofDay[n]);
      return isSame ? old : { day, files: ofDay };
    });
}
