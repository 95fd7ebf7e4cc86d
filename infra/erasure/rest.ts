import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { acquireLock } from '../lock.ts';

/** How long somebody waits for others. */
export interface Patience {
  /** Milliseconds in all, >= 0. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Told once, when there is somebody to wait for: at what they work, and who they are. */
  readonly onWait?: ((what: string, holder: string) => void) | undefined;
}

/** Between two steps of one command nothing is held, for less than that; milliseconds. */
const betweenStepsMs = 500;

/**
 * Waits until no artifact of a home is being made. A week is made in many steps: after a wait it is
 * looked again until there is nothing to wait for.
 *
 * @param root - the folder of the artifacts; need not exist
 * @throws Mistake `LOCKED` naming the artifact and the process, where that takes longer
 */
export async function awaitRest(root: string, patience: Patience): Promise<void> {
  const { waitMs, signal, onWait } = patience;
  const until = performance.now() + waitMs;
  const locks = join(root, '.locks');
  let told = false;
  for (let hasWaited = true; hasWaited;) {
    hasWaited = false;
    for (const name of await readdir(locks).catch(() => [] as string[])) {
      // With a point: one that was not finished.
      if (name.includes('.')) continue;
      const what = `artifact ${name}`;
      const release = await acquireLock(join(locks, name), {
        waitMs: Math.max(0, until - performance.now()),
        what,
        signal,
        onWait(holder) {
          hasWaited = true;
          if (!told) onWait?.(what, holder);
          told = true;
        },
      });
      release();
    }
    if (hasWaited) await pause(betweenStepsMs, undefined, signal ? { signal } : {});
  }
}
