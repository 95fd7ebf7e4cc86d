import type {
  AssemblyConstraints,
  AssemblyOptions,
  ScoredCandidates,
  Shortage,
} from './candidates.ts';
import { orderTracks } from './order.ts';
import { Selector } from './select.ts';

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
  return new Assembler(options).assemble(candidates, constraints);
}

/** `assemble` for many listeners in turn, in memory that is used again. */
export class Assembler {
  readonly #options: AssemblyOptions;
  readonly #selector = new Selector();

  constructor(options: AssemblyOptions) {
    this.#options = options;
  }

  assemble(candidates: ScoredCandidates, constraints: AssemblyConstraints): Assembled {
    const { chosen, shortage } = this.#selector.select(candidates, constraints, this.#options);
    return { positions: orderTracks(candidates, chosen, this.#options.opening), shortage };
  }
}
