import { examples } from '../../../pipelines/examples.ts';
import type { Tensorflow } from '../../../model/ranker/network.ts';
import { rankerStage, rankerTraining } from '../../../pipelines/ranker.ts';
import { step, type Step } from '../../../pipelines/step.ts';
import { worldCutoff, type World } from './world.ts';

/**
 * The ranker of a world, trained by the real stages as in every week, on what the first listeners
 * played in the week after the cut-off. It stands where the gate's choice does: its file is the same.
 */
export function rankerOf(world: World, loadTensorflow: () => Promise<Tensorflow>): Step {
  const lessons = step(examples, { cutoff: worldCutoff }, known(world));
  return step(
    rankerStage(loadTensorflow),
    { cutoffs: [worldCutoff], ranker: { seed: world.options.seed, ...rankerTraining } },
    { 'examples-0': lessons },
  );
}

/** What the examples of a cut-off are made from. */
function known({ inputs }: World): Step['inputs'] {
  const names = ['catalogue', 'snapshot', 'factors', 'embedding', 'text'];
  return Object.fromEntries(names.map((name) => [name, inputs[name]!]));
}
