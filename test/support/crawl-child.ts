/**
 * A crawler in a process of its own, to be killed: its argument is a `CrawlTask` as JSON. Each row
 * that the log is given is a line of the task's file before `append` resolves; prints `taken` for
 * each, and `done` in the end.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../../infra/config.ts';
import type { ServerUrls } from '../../infra/servers/index.ts';
import { parseSources } from '../../pipelines/crawl/sources-file.ts';
import { crawlOnce } from '../../workers/crawl.ts';
import { silentLog } from './servers.ts';

export interface CrawlTask {
  readonly config: Config;
  readonly servers: ServerUrls;
  readonly file: object;
  readonly rows: string;
  /** Between the row's arrival in the log and its confirm, milliseconds. */
  readonly confirmMs: number;
}

async function crawl({ config, servers, file, rows, confirmMs }: CrawlTask): Promise<void> {
  await crawlOnce(
    {
      ...{ config, servers, clock: () => Date.now(), log: silentLog, leaseMs: 5000 },
      file: parseSources(JSON.stringify(file), 'task'),
      events: {
        async append({ body }) {
          appendFileSync(rows, body);
          process.stdout.write('taken\n');
          await pause(confirmMs);
        },
        dispose: () => Promise.resolve(),
      },
    },
    new AbortController().signal,
  );
  process.stdout.write('done\n');
}

void crawl(JSON.parse(process.argv[2]!) as CrawlTask);
