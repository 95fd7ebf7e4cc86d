import { weekMs } from '../model/week.ts';

/**
 * The weekly cut-offs before a cut-off that its ranker is trained on: one, two, ... weeks before it,
 * down to a week after the first listen; the latest ones, ascending.
 *
 * @param cutoff - ISO 8601, UTC; so are those given back
 * @param firstListenMs - milliseconds since 1970
 * @param most - 0 or more
 */
export function trainingCutoffs(cutoff: string, firstListenMs: number, most: number): string[] {
  const found: string[] = [];
  for (
    let ms = Date.parse(cutoff) - weekMs;
    ms >= firstListenMs + weekMs && found.length < most;
    ms -= weekMs
  ) {
    found.push(new Date(ms).toISOString());
  }
  return found.reverse();
}
