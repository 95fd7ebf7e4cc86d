import { join } from 'node:path';
import { loadKernels } from '../../../infra/kernels.ts';
import { openThreads } from '../../../infra/threads.ts';
import type { Factors } from '../../../model/candidates/listener.ts';
import { planRetrieval } from '../../../model/retrieval/plan.ts';
import { recallAgainstExact, type Recall } from '../../../model/retrieval/recall.ts';
import { readMatrix } from '../../../pipelines/matrix-file.ts';
import type { World } from '../world/world.ts';

/** Tracks found for each listener, as the making of lists asks for them. */
const k = 200;

/**
 * Recall@200 of the retrieval against exact scoring of all tracks, of 1,000 random listeners of the
 * world, with the plan that the weekly run makes.
 */
export async function recallOf({ inputs }: World): Promise<Recall> {
  const read = async (name: string): Promise<Factors> => {
    const path = join(inputs['factors']!.folder, `${name}.matrix`);
    const { rows, columns, values } = await readMatrix(path);
    return { numRows: rows, numFactors: columns, values };
  };
  const listeners = await read('listeners-tracks');
  const tracks = await read('tracks');
  const { numFactors, values } = tracks;
  const played: number[] = [];
  for (let t = 0; t < tracks.numRows; t++) {
    const from = t * numFactors;
    if (values.subarray(from, from + numFactors).some((value) => value !== 0)) played.push(t);
  }
  const rows = Int32Array.from(played);
  const kernels = await loadKernels();
  const threads = openThreads();
  try {
    const plan = await planRetrieval(listeners, tracks, rows, { k }, { kernels, threads });
    return recallAgainstExact(plan, listeners, tracks, rows, kernels, { k });
  } finally {
    await threads.dispose();
  }
}
