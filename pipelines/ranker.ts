import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { featureNames, numFeatures } from '../model/candidates/features.ts';
import { encodeRanker } from '../model/ranker/encode.ts';
import type { Tensorflow } from '../model/ranker/network.ts';
import { rankerOptions } from '../model/ranker/ranker.ts';
import { trainRanker } from '../model/ranker/train.ts';
import { readMatrix } from './matrix-file.ts';
import type { Stage } from './stage.ts';

/**
 * What the sources' own scores are worth before any label is seen: the weight, per standard
 * deviation, from which training starts and to which it stays near where labels are few.
 */
export const rankerPrior: Partial<Record<(typeof featureNames)[number], number>> = {
  'factors rank': 0.6,
  'playlists rank': 0.6,
  'artists rank': 0.5,
  'text rank': 0.3,
  'popularity rank': 0.2,
  sources: 0.4,
  'track listeners': 0.3,
  'genre match': 0.3,
  'artist plays': 0.8,
};

export const rankerStageOptions = z.object({
  /** Cut-offs (ISO 8601, UTC), oldest first, each with an input `examples-N`, N from 0. */
  cutoffs: z.array(z.iso.datetime()),
  ranker: rankerOptions.prefault({}),
});
export type RankerStageOptions = z.infer<typeof rankerStageOptions>;

/** The file of the artifact that holds the network. */
export const rankerFile = 'ranker.mmrk';

/**
 * Trains the ranker on the examples of all weekly cut-offs, oldest first; the last of them stop
 * and measure the training.
 */
export function rankerStage(loadTensorflow: () => Promise<Tensorflow>): Stage<RankerStageOptions> {
  return {
    name: 'ranker',
    version: 2,
    options: rankerStageOptions,
    async run({ options, sql, input, output, report }) {
      const width = numFeatures + 1;
      const groupRows: number[] = [];
      const cutoffs: number[] = [];
      const matrices: Float32Array[] = [];
      for (let n = 0; n < options.cutoffs.length; n++) {
        const name = `examples-${n}`;
        const matrix = await readMatrix(join(input(name), 'examples.matrix'));
        if (matrix.columns !== width && matrix.rows > 0) {
          throw new Error(`${name}: expected ${width} columns, got ${matrix.columns}`);
        }
        matrices.push(matrix.values);
        const { rows } = await sql.columns<'rows'>(
          `SELECT rows FROM "${name}".groups ORDER BY listener_ix`,
        );
        for (const count of rows) {
          groupRows.push(count);
          cutoffs.push(n);
        }
      }
      const numRows = groupRows.reduce((sum, count) => sum + count, 0);
      const features = new Float32Array(numRows * numFeatures);
      const labels = new Uint8Array(numRows);
      let row = 0;
      for (const matrix of matrices) {
        for (let at = 0; at < matrix.length; at += width, row++) {
          features.set(matrix.subarray(at, at + numFeatures), row * numFeatures);
          labels[row] = matrix[at + numFeatures]!;
        }
      }
      const groups = new Int32Array(groupRows.length + 1);
      groupRows.forEach((count, g) => (groups[g + 1] = groups[g]! + count));
      report.rowsIn(numRows);

      const tf = await loadTensorflow();
      const ranker = trainRanker(
        tf,
        { featureNames, numFeatures, features, labels, groups, cutoffs: Int32Array.from(cutoffs) },
        options.ranker,
      );
      await writeFile(join(output, rankerFile), encodeRanker(ranker));
      report.rowsOut(1);
      report.figure('groups', groupRows.length);
      report.figure('trainedOn', ranker.trainedOn);
      for (const [key, value] of Object.entries(ranker.metrics)) report.figure(key, value);
    },
  };
}
