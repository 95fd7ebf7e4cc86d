import type { Clock, Log } from '../../pipelines/ports.ts';

/**
 * Leaves a source alone that is down, so that thousands of lists do not wait for it one by one.
 *
 * After `threshold` failures in a row it is open: nothing is admitted for `restMs`. Then one
 * request may try; its success closes the breaker, its failure opens it again.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #threshold: number;
  readonly #restMs: number;
  #failures = 0;
  #openUntil: number | undefined;

  constructor(clock: Clock, log: Log, threshold = 5, restMs = 30_000) {
    this.#clock = clock;
    this.#log = log;
    this.#threshold = threshold;
    this.#restMs = restMs;
  }

  admits(): boolean {
    if (this.#openUntil === undefined) return true;
    const now = this.#clock();
    if (now < this.#openUntil) return false;
    // This caller tries; the others wait for what it finds.
    this.#openUntil = now + this.#restMs;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openUntil = undefined;
  }

  failed(reason: string): void {
    this.#failures++;
    if (this.#failures < this.#threshold) return;
    if (this.#openUntil === undefined) {
      this.#log.warn({ reason }, 'pictures: the source is down, covers are generated meanwhile');
    }
    this.#openUntil = this.#clock() + this.#restMs;
  }
}
