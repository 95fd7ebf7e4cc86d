import { z } from 'zod';
import type { Listener } from './listener.ts';
import { sourceNames, type CandidatePool, type SourceName } from './pool.ts';
import type { CandidateSource } from './sources.ts';

export const candidateOptions = z.strictObject({
  /**
   * Candidates asked of each source, 0 (the source is off) to 1,000. Default 60 to 120; of a source
   * that is left out 40.
   */
  quotas: z
    .partialRecord(z.enum(sourceNames), z.int().min(0).max(1000))
    .default({ factors: 80, playlists: 80, text: 60, popularity: 80, artists: 120 }),
  /** Distinct candidates that the ranker sees at least, where the catalogue has them. Default 240. */
  atLeast: z.int().min(30).default(240),
});
export type CandidateOptions = z.infer<typeof candidateOptions>;

/** A source that came later is left out of options from before it. */
const laterQuota = 40;

export function quotaOf({ quotas }: Pick<CandidateOptions, 'quotas'>, source: SourceName): number {
  return quotas[source] ?? laterQuota;
}

/** What the pool must hold at most. */
export function poolCapacity(options: CandidateOptions): number {
  const asked = sourceNames.reduce((sum, name) => sum + quotaOf(options, name), 0);
  return Math.max(asked, options.atLeast) + options.atLeast;
}

/**
 * Fills the pool for one listener: every source in turn, then popular tracks until there are
 * enough, so that nobody goes without.
 *
 * @param fallback - all tracks that can be recommended, the most popular first
 */
export function generateCandidates(
  pool: CandidatePool,
  listener: Listener,
  excludedWorks: Iterable<number>,
  sources: readonly CandidateSource[],
  fallback: Int32Array,
  options: CandidateOptions,
): void {
  pool.begin(excludedWorks);
  fillPool(pool, listener, sources, fallback, options);
}

/** `generateCandidates` once the pool knows what is excluded. */
export function fillPool(
  pool: CandidatePool,
  listener: Listener,
  sources: readonly CandidateSource[],
  fallback: Int32Array,
  options: CandidateOptions,
): void {
  for (const source of sources) {
    source.collect(listener, pool, quotaOf(options, source.name));
  }
  const popularity = sourceNames.indexOf('popularity');
  for (let n = 0; n < fallback.length && pool.size < options.atLeast; n++) {
    const track = fallback[n]!;
    if (!pool.has(track)) pool.offer(popularity, track, 0, -1);
  }
}
