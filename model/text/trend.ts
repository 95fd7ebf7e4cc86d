/** Articles that name an artist, and all articles, of a week and of the weeks before it. */
export interface TrendCounts {
  readonly thisWeek: number;
  readonly before: number;
  readonly allThisWeek: number;
  readonly allBefore: number;
}

export interface Trend {
  /** Articles that the artist's own past lets one expect, > 0. */
  readonly expected: number;
  /** Standard deviations above it, 0 where there are no more than usual or too few to say. */
  readonly trend: number;
}

/** What is supposed of an artist before anything is known: named in half an article of twenty. */
const prior = { named: 0.5, of: 20 } as const;

/**
 * "Mentioned more than usual". Expected is the artist's share of all articles before, times all
 * articles of the week, so that a new feed does not make everybody trend; a Poisson model of the count n
 * with mean e then gives the signed root of the deviance, sqrt(2 (n ln(n / e) - (n - e))), which is
 * about a standard normal where nothing changed.
 * P. McCullagh, J. A. Nelder (1989), "Generalized Linear Models", 2.4.
 *
 * @param least - articles of the week below which nothing is said, 1 or more
 */
export function weeklyTrend(
  { thisWeek, before, allThisWeek, allBefore }: TrendCounts,
  least: number,
): Trend {
  const share = (before + prior.named) / (allBefore + prior.of);
  const expected = share * Math.max(1, allThisWeek);
  if (thisWeek < least || thisWeek <= expected) return { expected, trend: 0 };
  const deviance = 2 * (thisWeek * Math.log(thisWeek / expected) - (thisWeek - expected));
  return { expected, trend: Math.sqrt(Math.max(0, deviance)) };
}
