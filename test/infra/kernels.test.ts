import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compiledKernels, loadKernels } from '../../infra/kernels.ts';
import { WorkspacePlan } from '../../model/kernels/workspace.ts';
import { createRandom } from '../../model/random.ts';

describe('the kernels', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mondaymix-test-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('are compiled once, by two at once too, and read from then on', async () => {
    const cache = join(folder, 'deep', 'cache');
    const [one, other] = await Promise.all([compiledKernels(cache), compiledKernels(cache)]);
    expect(Buffer.from(one).equals(Buffer.from(other))).toBe(true);
    const files = await readdir(cache);
    expect(files).toEqual([expect.stringMatching(/^kernels-[0-9a-f]{16}\.wasm$/)]);

    // What is read is what was kept.
    await writeFile(join(cache, files[0]!), 'kept');
    expect(Buffer.from(await compiledKernels(cache)).toString()).toBe('kept');
  });

  test('are compiled again where nothing can be kept', async () => {
    const cache = join(folder, 'file');
    await writeFile(cache, 'not a folder');
    expect((await compiledKernels(join(cache, 'below'))).length).toBeGreaterThan(1000);
  });

  test('are loaded once', async () => {
    await mkdir(join(folder, 'unused'));
    expect(await loadKernels()).toBe(await loadKernels());
  });
});

describe('the eigenvectors', () => {
  const sizes = [1, 2, 3, 8, 17, 64];

  test.each(sizes)('of a symmetric matrix of %i bring it to its diagonal', async (n) => {
    for (const rank of [n, Math.ceil(n / 3), 0]) {
      const { vectors, diagonal, matrix } = await decompose(n, rank);
      // V A V' = D and V V' = I
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          let product = 0;
          let length = 0;
          for (let k = 0; k < n; k++) {
            length += vectors[i * n + k]! * vectors[j * n + k]!;
            for (let l = 0; l < n; l++) {
              product += vectors[i * n + k]! * matrix[k * n + l]! * vectors[j * n + l]!;
            }
          }
          expect(length).toBeCloseTo(i === j ? 1 : 0, 10);
          expect(product).toBeCloseTo(i === j ? diagonal[i]! : 0, 8);
        }
      }
    }
  });

  test('of what is no number are refused', async () => {
    expect((await decompose(8, 8, NaN)).result).toBe(1);
  });
});

/** Of Y'Y for `rank` random rows Y, to the first cell of which something is added. */
async function decompose(n: number, rank: number, extra = 0) {
  const { uniform } = createRandom(n, 'symmetric');
  const plan = new WorkspacePlan();
  const matrixAt = plan.place(8 * n * n);
  const vectorsAt = plan.place(8 * n * n);
  const diagonalAt = plan.place(8 * n);
  const sideAt = plan.place(8 * n);
  const workspace = plan.open(await loadKernels(), undefined, 'test');
  const matrix = new Float64Array(n * n);
  for (let row = 0; row < rank; row++) {
    const y = Array.from({ length: n }, () => uniform() - 0.5);
    for (let cell = 0; cell < n * n; cell++)
      matrix[cell]! += y[Math.floor(cell / n)]! * y[cell % n]!;
  }
  matrix[0]! += extra;
  workspace.float64(matrixAt, n * n).set(matrix);
  const result = workspace.call('eigen', matrixAt, n, vectorsAt, diagonalAt, sideAt);
  const vectors = workspace.float64(vectorsAt, n * n);
  return { result, matrix, vectors, diagonal: workspace.float64(diagonalAt, n) };
}
