import { setImmediate } from 'node:timers/promises';

/** Lets the event loop turn in the middle of a long computation, so that a signal is heard. */
export async function nextTurn(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}
