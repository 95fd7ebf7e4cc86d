import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runBeside } from '../infra/child-command.ts';
import type { Config } from '../infra/config.ts';
import type { Clock, Log } from '../pipelines/ports.ts';

export interface PreparesBeside {
  /** Something is new in the lake. */
  readonly news: () => void;
  /** Has what is under way end, and waits for it; may be called twice. */
  readonly dispose: () => Promise<void>;
}

export interface PrepareBesideOptions {
  readonly config: Config;
  readonly log: Log;
  /** How often, milliseconds, above 0. */
  readonly everyMs: number;
  readonly clock: Clock;
  /** Runs `prepare` for a home; resolves when it has ended. Default: as a process of its own. */
  readonly run?: (home: string, signal: AbortSignal) => ReturnType<typeof runBeside>;
}

/**
 * Has `prepare` run beside other work, again and again: after each `everyMs` it is looked whether
 * something is new, or a day is over since the last one began. It is a process of its own, so whoever
 * takes in the log neither waits for it nor falls with it; one that fails, or is killed, is run again
 * the next time, and goes on with what is missing.
 */
export function prepareBeside({
  config: { home },
  log,
  everyMs,
  clock,
  run = runPrepare,
}: PrepareBesideOptions): PreparesBeside {
  const stopping = new AbortController();
  const { signal } = stopping;
  // Of what came before this process nobody knows whether it was prepared.
  let isNews = true;
  let preparedOn = '';
  const work = async () => {
    while (await pause(everyMs, true, { signal }).catch(() => false)) {
      const today = new Date(clock()).toISOString().slice(0, 10);
      // A day is prepared when it is over.
      if (!isNews && preparedOn === today) continue;
      isNews = false;
      preparedOn = today;
      const { code, output, lastError } = await run(home, signal).catch((error: Error) => ({
        ...{ code: null, output: '', lastError: error.message },
      }));
      if (signal.aborted) return;
      if (code === 0) {
        log.info({ prepared: output.trim() }, 'prepared what the next week needs');
        continue;
      }
      isNews = true;
      log.warn({ code, error: lastError }, 'prepare failed, it is tried again');
    }
  };
  const running = work();
  return {
    news: () => void (isNews = true),
    dispose: async () => {
      stopping.abort(new Error('the process is stopping'));
      await running;
    },
  };
}

function runPrepare(home: string, signal: AbortSignal): ReturnType<typeof runBeside> {
  const args = ['prepare', '--home', home, '--json'];
  return runBeside(join(import.meta.dirname, 'cli.ts'), args, signal);
}
