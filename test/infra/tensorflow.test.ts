import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { loadTensorflow } from '../../infra/tensorflow.ts';

const execute = promisify(execFile);

const TRAIN = `
import { createHash } from 'node:crypto';
import { loadTensorflow } from './infra/tensorflow.ts';
async function train() {
  const tf = await loadTensorflow();
  const x = tf.randomNormal([2048, 16], 0, 1, 'float32', 7);
  const y = tf.sigmoid(tf.sum(x, 1, true));
  const kernelInitializer = (seed) => tf.initializers.glorotNormal({ seed });
  const model = tf.sequential({ layers: [
    tf.layers.dense({ inputShape: [16], units: 64, activation: 'relu', kernelInitializer: kernelInitializer(1) }),
    tf.layers.dense({ units: 1, activation: 'sigmoid', kernelInitializer: kernelInitializer(2) }),
  ] });
  model.compile({ optimizer: tf.train.adam(0.01), loss: 'binaryCrossentropy' });
  await model.fit(x, y, { epochs: 3, batchSize: 128, shuffle: false, verbose: 0 });
  const digest = createHash('sha256');
  for (const weights of model.getWeights()) digest.update(Buffer.from((await weights.data()).buffer));
  console.log(digest.digest('hex'));
}
void train();
`;

test('TensorFlow runs on its native backend, and is loaded once', async () => {
  const tf = await loadTensorflow();
  expect(tf.getBackend()).toBe('tensorflow');
  expect(await loadTensorflow()).toBe(tf);
  const product = tf.tidy(() => tf.matMul([[1, 2]], [[3], [4]]).dataSync());
  expect([...product]).toEqual([11]);
});

test('two processes train the same network to the same bits, whatever the cores, and say no word', async () => {
  const cwd = join(import.meta.dirname, '..', '..');
  const train = () =>
    execute(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', TRAIN], { cwd });
  const [one, two] = await Promise.all([train(), train()]);
  expect(one.stdout).toMatch(/^[0-9a-f]{64}\n$/);
  expect(two.stdout).toBe(one.stdout);
  expect(one.stderr).toBe('');
}, 300_000);
