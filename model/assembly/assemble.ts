import type {
  AssemblyConstraints,
  AssemblyOptions,
  ScoredCandidates,
  Shortage,
} from './candidates.ts';
import { orderTracks } from './order.ts';
import { selectTracks } from './select.ts';

export interface Assembled {
  /** Positions of the candidates, in playing order; `size` of them unless there is a shortage. */
  readonly positions: Int32Array;
  /** Why there are fewer, where there are. */
  readonly shortage: Shortage | undefined;
}

/**
 * From scored candidates to a list: which tracks (`selectTracks`), and in which order
 * (`orderTracks`). The same input gives the same list.
 *
 * @throws RangeError for a score that is not finite
 */
export function assemble(
  candidates: ScoredCandidates,
  constraints: AssemblyConstraints,
  options: AssemblyOptions,
): Assembled {
  const { chosen, shortage } = selectTracks(candidates, constraints, options);
  return { positions: orderTracks(candidates, chosen, options.opening), shortage };
}
