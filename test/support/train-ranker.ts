/** Run by a test in a process of its own: trains on planted examples and prints the ranker's version. */
import { loadTensorflow } from '../../infra/tensorflow.ts';
import { encodeRanker, rankerVersion } from '../../model/ranker/encode.ts';
import { trainRanker } from '../../model/ranker/train.ts';
import { plantedExamples } from './planted-examples.ts';

const examples = plantedExamples({ numGroups: 100, groupRows: 40, numFeatures: 6, seed: 3 });
void loadTensorflow().then((tf) => {
  const ranker = trainRanker(tf, examples, { dropout: 0.1, epochs: 8, l2: 0, hidden: [32, 16] });
  process.stdout.write(`${rankerVersion(encodeRanker(ranker))} ${ranker.trainedOn}\n`);
});
