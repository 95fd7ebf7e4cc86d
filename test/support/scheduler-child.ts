/**
 * A scheduler in a process of its own, to be killed: its argument is a `SchedulerTask` as JSON. The
 * week counts as made once its file is there; prints `making` and `made` around that.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '../../infra/config.ts';
import type { ServerUrls } from '../../infra/servers/index.ts';
import { runScheduler } from '../../workers/scheduler.ts';
import { frozenListsOf } from './frozen-lists.ts';
import { silentLog } from './servers.ts';

export interface SchedulerTask {
  readonly namespace: string;
  readonly home: string;
  readonly servers: ServerUrls;
  readonly week: string;
  readonly zones: Record<string, number>;
  /** The clock stands still here. */
  readonly now: number;
  /** Stands for the artifact of the lists. */
  readonly file: string;
  /** How long making the lists takes. */
  readonly makingMs: number;
}

async function schedule(task: SchedulerTask): Promise<void> {
  const { namespace, home, servers, now, file } = task;
  const lists = frozenListsOf(task.week, task.zones);
  await runScheduler(
    {
      config: { ...readConfig({ home }, {}), namespace },
      servers,
      archive: {
        find: (week) => Promise.resolve(week === task.week && existsSync(file) ? lists : undefined),
        weeks: () => Promise.resolve(existsSync(file) ? [task.week] : []),
      },
      clock: () => now,
      log: silentLog,
      batchSize: 2,
      prefetch: 1,
      sweepEveryMs: 100,
      async runWeek() {
        process.stdout.write('making\n');
        await pause(task.makingMs);
        writeFileSync(file, task.week);
        process.stdout.write('made\n');
        return lists;
      },
    },
    new AbortController().signal,
  );
}

void schedule(JSON.parse(process.argv[2]!) as SchedulerTask);
