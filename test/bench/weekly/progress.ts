import { number } from '../../../pipelines/funnel.ts';
import { tell } from '../../../workers/tell.ts';

/** Milliseconds between two lines. */
const quietMs = 3000;

/**
 * Tells every few seconds how far something is, how fast it goes and how long it will take at the
 * rate since it began.
 */
export function progressOf(what: string, unit: string): (done: number, total: number) => void {
  const startedAt = performance.now();
  let toldAt = startedAt;
  return (done, total) => {
    const now = performance.now();
    if (now - toldAt < quietMs) return;
    toldAt = now;
    const rate = done / ((now - startedAt) / 1000);
    const left = rate > 0 ? `, ${duration((total - done) / rate)} left` : '';
    tell(
      `  ${what}: ${number(done)} of ${number(total)} ${unit}, ` +
        `${number(Math.round(rate))} a second${left}`,
    );
  };
}

/** `12 s`, `3 min 5 s`, `1 h 2 min`. */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
