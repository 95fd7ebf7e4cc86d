import type { AssemblyOptions } from '../model/assembly/candidates.ts';
import {
  ListChooser,
  type ChooserSeconds,
  type ChosenList,
} from '../model/assembly/list-chooser.ts';
import { featureNames } from '../model/candidates/features.ts';
import type { CandidateOptions } from '../model/candidates/generate.ts';
import type { Tensorflow } from '../model/ranker/network.ts';
import type { Ranker } from '../model/ranker/ranker.ts';
import { Scorer } from '../model/ranker/score.ts';
import { worksOf, type WorksNotListed } from './heard.ts';
import type { Clock } from './ports.ts';
import { listenerOf, type World } from './world.ts';

export interface ListMakerOptions {
  readonly candidates: CandidateOptions;
  readonly assembly: AssemblyOptions;
  readonly world: World;
  readonly notListed: WorksNotListed;
  readonly tf: Tensorflow;
  readonly ranker: Ranker;
  /** Its version, for mistakes. */
  readonly model: string;
  /** Whether to keep what the lists were chosen from. Default false. */
  readonly explain?: boolean;
  /** See `ListChooser`. */
  readonly clock?: Clock;
}

/** Chooses the lists of some listeners at a time. Same input, same lists. */
export class ListMaker {
  readonly #chooser: ListChooser;
  readonly #scorer: Scorer;

  constructor(options: ListMakerOptions) {
    const { world, notListed, tf, ranker, model, candidates, assembly, explain, clock } = options;
    this.#scorer = new Scorer(tf, ranker, featureNames, model);
    const listeners = {
      listener: (index: number) => listenerOf(world, index),
      heard: (index: number) => worksOf(notListed.heard, index),
      delivered: (index: number) => worksOf(notListed.delivered, index),
    };
    this.#chooser = new ListChooser(world, listeners, this.#scorer, {
      ...{ candidates, assembly },
      ...(explain === undefined ? {} : { explain }),
      ...(clock === undefined ? {} : { clock }),
    });
  }

  /** A list for each, in their order; fewer tracks than a list has where there are no more. */
  choose(listeners: Int32Array): ChosenList[] {
    return this.#chooser.choose(listeners);
  }

  /** What choosing has taken so far; needs a clock. */
  get seconds(): ChooserSeconds {
    return { ...this.#chooser.seconds };
  }

  dispose(): void {
    this.#scorer.dispose();
  }
}
