/**
 * What training takes in memory: `node --expose-gc --import tsx als-memory.ts FACTORS` prints by how
 * many MB at most the process grew from when it had the matrix, the kernels and threads at work
 * to when it had the factors; see als-bench.ts.
 */
import { loadKernels } from '../../infra/kernels.ts';
import { openThreads } from '../../infra/threads.ts';
import { factorizeFast } from '../../model/als-fast.ts';
import { fromTriples } from '../../model/interactions.ts';
import { readGowalla } from './gowalla.ts';

async function main(factors: number): Promise<void> {
  const matrix = await readGowalla();
  const means = { kernels: await loadKernels(), threads: openThreads({ size: 2 }) };
  const small = fromTriples([0, 1], [0, 1], undefined, 2, 2);
  await factorizeFast(small, { factors: 8 }, { ...means, threadsFrom: 0 });
  global.gc?.();
  const rssMb = (): number => process.memoryUsage().rss / 2 ** 20;
  const before = rssMb();
  let most = before;
  const look = (): void => void (most = Math.max(most, rssMb()));
  const found = await factorizeFast(matrix, { factors, iterations: 5 }, means, {
    onIteration: look,
  });
  look();
  process.stdout.write(JSON.stringify({ memoryMb: most - before, factors: found.numFactors }));
  await means.threads.dispose();
}

await main(Number(process.argv[2]));
