import { setTimeout as pause } from 'node:timers/promises';
import { openErasureBook, type ErasureRecord } from '../infra/erasure/record.ts';
import { Mistake } from '../model/mistake.ts';
import { finishErasure, recordErasure, type Erasing } from './erase.ts';

/** Erases listeners beside other work. */
export interface ErasesLater {
  /** Resolves once it is recorded; from then on it happens, whoever is killed. */
  erase(listener: string): Promise<Pick<ErasureRecord, 'hash' | 'at'>>;
  /** Waits for the one that is under way, which ends at its next step. */
  dispose(): Promise<void>;
}

/** How often it is looked for what a killed process has begun, milliseconds. */
const lookEveryMs = 60_000;

const passing: ReadonlySet<string> = new Set(['SERVER_DOWN', 'SERVER_REFUSED', 'LOCKED']);

/** Carries out what is recorded, one after the other; what others began and did not finish as well. */
export function eraseLater(erasing: Erasing): ErasesLater {
  const { config, log } = erasing;
  const stopping = new AbortController();
  const signal = AbortSignal.any([erasing.signal, stopping.signal]);
  let called = new AbortController();
  const work = async () => {
    while (!signal.aborted) {
      const again = called;
      for (const { listener, hash } of await openErasureBook(config.home).unfinished()) {
        if (signal.aborted) return;
        try {
          const { found, removed } = await finishErasure({ ...erasing, signal }, listener);
          if (found.length === 0) log.info({ hash, removed }, 'a listener is erased');
          else log.error({ hash, found: found.length }, 'erasure: still named, it is tried again');
        } catch (error) {
          // A server that is away, or a week that is made, holds up all; anything else this one.
          if (signal.aborted || (error instanceof Mistake && passing.has(error.code))) throw error;
          log.error({ hash, err: error }, 'erasure: it failed, it is tried again');
        }
      }
      await pause(lookEveryMs, undefined, {
        signal: AbortSignal.any([signal, again.signal]),
      }).catch(() => undefined);
    }
  };
  const running = (async () => {
    while (!signal.aborted) {
      await work().catch((error: Error) => {
        if (!signal.aborted) log.warn({ error: error.message }, 'erasure: it is tried again');
      });
      await pause(lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  })();
  return {
    async erase(listener) {
      const erasure = await recordErasure(erasing, listener);
      const before = called;
      called = new AbortController();
      before.abort();
      return erasure;
    },
    async dispose() {
      stopping.abort(new Error('the process is stopping'));
      await running;
    },
  };
}
