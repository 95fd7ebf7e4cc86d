/** Weights of tastes, by name: of a listener or of a track; zero or more, of any sum above 0. */
export type TasteMixture = ReadonlyMap<string, number>;

/**
 * The main tastes of a listener: the fewest, heaviest first, that together hold at least `cover` of
 * the mixture. Ties go by name. An empty mixture has none.
 *
 * @param cover - 0..1, default 0.8
 */
export function mainTastes(listener: TasteMixture, cover = 0.8): string[] {
  const ranked = [...listener]
    .filter(([, weight]) => weight > 0)
    .sort(([a, weightA], [b, weightB]) => weightB - weightA || (a < b ? -1 : 1));
  const sum = ranked.reduce((total, [, weight]) => total + weight, 0);
  const main: string[] = [];
  let held = 0;
  for (const [taste, weight] of ranked) {
    // The least rounding must not call in one taste more.
    if (held >= cover * sum * (1 - 1e-9)) break;
    main.push(taste);
    held += weight;
  }
  return main;
}

/**
 * How much of a list lies in the planted taste of a listener, 0..1: with the main tastes M of the
 * listener and the tracks' weights q, normalized to sum 1,
 *
 *     (1 / |list|) * sum over tracks of sum over t in M of q_t
 *
 * It is 1 for a list of nothing but tracks of the main tastes. A track of unknown tastes (an empty
 * mixture) counts in the denominator and adds nothing; an empty list gives 0.
 *
 * Within M the listener's weights do not matter: a list should not be worse for holding much of
 * the second taste. To judge a recommender take the mean over listeners, and compare it with the
 * mean of the same listeners for the lists that popularity gives: the issue asks for three times.
 */
export function tasteShare(
  list: readonly TasteMixture[],
  listener: TasteMixture,
  cover = 0.8,
): number {
  if (list.length === 0) return 0;
  const main = mainTastes(listener, cover);
  let total = 0;
  for (const track of list) {
    let sum = 0;
    for (const weight of track.values()) sum += weight;
    if (sum === 0) continue;
    for (const taste of main) total += (track.get(taste) ?? 0) / sum;
  }
  return total / list.length;
}
