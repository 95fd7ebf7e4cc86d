/**
 * Our fast ALS against that of the `implicit` Python package, in one run:
 *
 *     npm run bench:als [-- --json]
 *
 * On Gowalla (train + valid, 29,858 x 40,981, 810,128 pairs), 64 and 128 factors, 15 iterations
 * from a random start, 2 threads each, BLAS on one; three rounds, one after the other in turn.
 * Seconds are of the whole training, what each needs to get ready and the transposition included,
 * over the iterations; the median of the rounds. Threads run and Python is imported before.
 *
 * Both minimize the same sum. `implicit` has confidence alpha r where we have 1 + alpha r, and r is
 * 1 throughout: so its alpha is ours + 1; the regularization is the same, uniform. The loss of both
 * is computed by `alsLoss`, in double precision.
 *
 * Memory is what a process of its own (als-memory.ts) grew by when training, beside the data: the
 * matrix in both orders and the factors.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadKernels } from '../../infra/kernels.ts';
import { openThreads } from '../../infra/threads.ts';
import { factorizeFast, type FastMeans } from '../../model/als-fast.ts';
import { alsLoss, type Factors } from '../../model/als.ts';
import type { Interactions } from '../../model/interactions.ts';
import { Mistake } from '../../model/mistake.ts';
import { project, readGowalla } from './gowalla.ts';
import { implicitPackage } from './implicit-package.ts';

const numThreads = 2;
const rounds = 3;
const iterations = 15;
const alpha = 10;
const regularization = 1;

interface Side {
  readonly seconds: number[];
  readonly cpuSeconds: number[];
  loss: number;
}

interface Result {
  readonly factors: number;
  /** Medians, of one iteration. */
  readonly secondsOurs: number;
  readonly secondsImplicit: number;
  /** Ours over theirs: below 1 is faster. */
  readonly ratio: number;
  /** Of all processors: what a machine with other work to do tells apart best. */
  readonly cpuSecondsOurs: number;
  readonly cpuSecondsImplicit: number;
  readonly lossOurs: number;
  readonly lossImplicit: number;
  readonly memoryMb: number;
  readonly dataMb: number;
}

async function main(): Promise<void> {
  const runPython = await implicitPackage(join(project, '.mondaymix', 'bench'));
  const matrix = await readGowalla();
  const folder = await mkdtemp(join(tmpdir(), 'mondaymix-bench-'));
  const threads = openThreads({ size: numThreads });
  try {
    const means = { kernels: await loadKernels(), threads };
    await writeMatrix(folder, matrix);
    const results: Result[] = [];
    for (const factors of [64, 128]) {
      const ours: Side = { seconds: [], cpuSeconds: [], loss: NaN };
      const theirs: Side = { seconds: [], cpuSeconds: [], loss: NaN };
      await factorizeFast(matrix, { factors, iterations: 1 }, means);
      for (let round = 0; round < rounds; round++) {
        await trainOurs(matrix, factors, round, means, ours);
        await trainImplicit(matrix, factors, round, { folder, runPython }, theirs);
      }
      results.push(resultOf(matrix, factors, ours, theirs, await memoryOf(factors)));
      tell(results.at(-1)!);
    }
    if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(results)}\n`);
  } finally {
    await threads.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeMatrix(folder: string, matrix: Interactions): Promise<void> {
  const { numRows, numCols, indptr, indices, values } = matrix;
  await writeFile(join(folder, 'sizes.json'), JSON.stringify({ numRows, numCols }));
  await writeFile(join(folder, 'indptr.i32'), indptr);
  await writeFile(join(folder, 'indices.i32'), indices);
  await writeFile(join(folder, 'values.f32'), values);
}

async function trainOurs(
  matrix: Interactions,
  factors: number,
  seed: number,
  means: FastMeans,
  side: Side,
): Promise<void> {
  const options = { factors, iterations, alpha, regularization, seed };
  const cpu = process.cpuUsage();
  const start = performance.now();
  const found = await factorizeFast(matrix, options, means);
  side.seconds.push((performance.now() - start) / 1000 / iterations);
  const { user, system } = process.cpuUsage(cpu);
  side.cpuSeconds.push((user + system) / 1e6 / iterations);
  side.loss = lossOf(matrix, found);
}

async function memoryOf(factors: number): Promise<number> {
  const child = join(import.meta.dirname, 'als-memory.ts');
  const args = ['--expose-gc', '--import', 'tsx', child, String(factors)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: project });
  return (JSON.parse(stdout) as { memoryMb: number }).memoryMb;
}

async function trainImplicit(
  matrix: Interactions,
  factors: number,
  seed: number,
  python: { folder: string; runPython: Awaited<ReturnType<typeof implicitPackage>> },
  side: Side,
): Promise<void> {
  const script = join(import.meta.dirname, 'implicit_als.py');
  const args = [factors, alpha + 1, regularization, iterations, numThreads, seed].map(String);
  const said = await python.runPython(script, [python.folder, ...args]);
  const { seconds, cpuSeconds } = JSON.parse(said) as { seconds: number; cpuSeconds: number };
  side.seconds.push(seconds / iterations);
  side.cpuSeconds.push(cpuSeconds / iterations);
  const read = async (name: string): Promise<Float32Array> =>
    new Float32Array(new Uint8Array(await readFile(join(python.folder, name))).buffer);
  side.loss = lossOf(matrix, {
    numFactors: factors,
    userFactors: await read('users.f32'),
    itemFactors: await read('items.f32'),
  });
}

function lossOf(matrix: Interactions, factors: Factors): number {
  return alsLoss(matrix, factors, { alpha, regularization, regularizationScale: 'uniform' });
}

function resultOf(
  { numRows, numCols, indices }: Interactions,
  factors: number,
  ours: Side,
  theirs: Side,
  memoryMb: number,
): Result {
  const [secondsOurs, secondsImplicit] = [median(ours.seconds), median(theirs.seconds)];
  const numbers = 4 * indices.length + (numRows + numCols) * (factors + 1);
  return {
    factors,
    secondsOurs,
    secondsImplicit,
    ratio: secondsOurs / secondsImplicit,
    cpuSecondsOurs: median(ours.cpuSeconds),
    cpuSecondsImplicit: median(theirs.cpuSeconds),
    lossOurs: ours.loss,
    lossImplicit: theirs.loss,
    memoryMb,
    dataMb: (4 * numbers) / 2 ** 20,
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

function tell(result: Result): void {
  const seconds = (value: number): string => `${value.toFixed(3)} s`;
  const { secondsOurs, secondsImplicit, ratio, lossOurs, lossImplicit } = result;
  process.stderr.write(
    `${result.factors} factors, an iteration: ours ${seconds(secondsOurs)}, ` +
      `implicit ${seconds(secondsImplicit)}, ratio ${ratio.toFixed(2)}\n` +
      `  of the processors: ours ${seconds(result.cpuSecondsOurs)}, ` +
      `implicit ${seconds(result.cpuSecondsImplicit)}\n` +
      `  loss after ${iterations}: ours ${lossOurs.toFixed(0)}, implicit ${lossImplicit.toFixed(0)}\n` +
      `  memory: ${result.memoryMb.toFixed(0)} MB for ${result.dataMb.toFixed(0)} MB of data\n`,
  );
}

main().catch((error: unknown) => {
  if (!(error instanceof Mistake)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
