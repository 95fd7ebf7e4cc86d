/**
 * A process that takes a log into the lake of a home and kills itself: its argument is JSON, see
 * {@link Task}. Steps are the statements of SQL, in which it dies midway, and the renames of files,
 * after which it dies. Prints what it did.
 */
import { mkdirSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openLogReader } from '../../infra/event-log.ts';
import { openLake } from '../../infra/lake.ts';
import { runSink } from '../../pipelines/intake/sink.ts';
import { silentLog } from './servers.ts';
import { dyingSql } from './dying-sql.ts';

export interface Task {
  readonly home: string;
  readonly namespace: string;
  readonly rabbitmqUrl: string;
  /** 1-based number of the step to die in; 0: never. */
  readonly killAt: number;
  readonly cutBytes: number;
}

async function sinkAndDie({ home, namespace, rabbitmqUrl, killAt, cutBytes }: Task): Promise<void> {
  let steps = 0;
  const die = () => process.kill(process.pid, 'SIGKILL');
  const isLast = () => ++steps === killAt;

  const require = createRequire(import.meta.url);
  const promised = require('node:fs/promises') as {
    rename: (from: string, to: string) => Promise<void>;
  };
  const renamePromised = promised.rename.bind(promised);
  promised.rename = async (from, to) => {
    await renamePromised(from, to);
    if (isLast()) die();
  };
  // The manifest is replaced by a library that takes this one.
  type Renamed = (error: NodeJS.ErrnoException | null) => void;
  const called = require('node:fs') as {
    rename: (from: string, to: string, done: Renamed) => void;
  };
  const renameCalled = called.rename.bind(called);
  called.rename = (from, to, done) =>
    renameCalled(from, to, (error) => {
      if (isLast()) die();
      done(error);
    });
  syncBuiltinESMExports();

  const sql = await openDuckdb({ threads: 1 });
  const dying = dyingSql(sql, isLast, die);
  const folder = join(home, 'ingest');
  mkdirSync(folder, { recursive: true });
  const reader = openLogReader({ namespace }, { rabbitmqUrl });
  const totals = await runSink(
    {
      ...{ reader, folder, cutBytes, sql: dying, log: silentLog, once: true },
      lake: openLake(home, { keepReplacedMs: 0, verifyMb: 0 }),
      clock: Date.now,
      wait: (ms, signal) =>
        new Promise((resolve) => {
          setTimeout(resolve, ms);
          signal.addEventListener('abort', () => resolve());
        }),
      compaction: { fanIn: 3 },
    },
    new AbortController().signal,
  );
  process.stdout.write(JSON.stringify({ ...totals, steps }));
  await reader.dispose();
  process.exit(0);
}

void sinkAndDie(JSON.parse(process.argv[2]!) as Task);
