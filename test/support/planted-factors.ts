import type { Factors } from '../../model/candidates/listener.ts';
import { createRandom, type Random } from '../../model/random.ts';

export interface PlantedFactorsOptions {
  readonly numListeners: number;
  readonly numItems: number;
  /** Default 32. */
  readonly numFactors?: number;
  /** Directions of taste, the n-th of them with a share like (n + 5)^-0.8. Default 300. */
  readonly numTastes?: number;
  /** Length of the noise beside a direction of length 1. Default 0.5. */
  readonly noise?: number;
  readonly seed?: number;
}

/** Numbers of the normal distribution that all noise is made of: two stretches of it, added. */
const numNormals = 65_536;

/**
 * Factors as ALS leaves them, of a world with planted structure: items are of one taste, three in
 * ten also of a second, listeners mix one to four, and the length of an item falls with its rank of
 * popularity (rank + 10)^-0.3, which is what the real places of Gowalla show.
 */
export function plantedFactors(options: PlantedFactorsOptions): {
  readonly listeners: Factors;
  readonly items: Factors;
} {
  const { numListeners, numItems, numFactors = 32, numTastes = 300 } = options;
  const { noise = 0.5, seed = 1 } = options;
  const normals = normalsOf(createRandom(seed, 'planted', 'normals'));
  const random = createRandom(seed, 'planted', 'factors');
  const tastes = Array.from({ length: numTastes }, () => {
    const from = random.int(numNormals - numFactors);
    return unit(normals.slice(from, from + numFactors));
  });
  const drawTaste = tastesByShare(numTastes, random);
  const scale = noise / Math.sqrt(2 * numFactors);

  const write = (values: Float32Array, row: number, parts: [number, number][], length: number) => {
    const vector = new Float64Array(numFactors);
    for (const [taste, weight] of parts) {
      const direction = tastes[taste]!;
      for (let f = 0; f < numFactors; f++) vector[f]! += weight * direction[f]!;
    }
    unit(vector);
    const one = random.int(numNormals - numFactors);
    const two = random.int(numNormals - numFactors);
    for (let f = 0; f < numFactors; f++) {
      const value = vector[f]! + scale * (normals[one + f]! + normals[two + f]!);
      values[row * numFactors + f] = length * value;
    }
  };

  const listeners = new Float32Array(numListeners * numFactors);
  for (let row = 0; row < numListeners; row++) {
    const count = 1 + random.int(4);
    const parts = Array.from({ length: count }, (): [number, number] => [
      drawTaste(),
      0.2 + random.uniform(),
    ]);
    write(listeners, row, parts, 0.5 + random.uniform());
  }
  const items = new Float32Array(numItems * numFactors);
  const ranks = random.shuffle(Int32Array.from({ length: numItems }, (_, n) => n));
  for (let row = 0; row < numItems; row++) {
    const parts: [number, number][] = [[drawTaste(), 1]];
    if (random.uniform() < 0.3) parts.push([drawTaste(), 0.5]);
    write(items, row, parts, (ranks[row]! + 10) ** -0.3);
  }
  return {
    listeners: { numRows: numListeners, numFactors, values: listeners },
    items: { numRows: numItems, numFactors, values: items },
  };
}

/** Box-Muller. */
function normalsOf(random: Random): Float64Array {
  return Float64Array.from({ length: numNormals }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
    return radius * Math.cos(2 * Math.PI * random.uniform());
  });
}

function tastesByShare(numTastes: number, random: Random): () => number {
  const until = new Float64Array(numTastes);
  let sum = 0;
  for (let n = 0; n < numTastes; n++) until[n] = sum += (n + 5) ** -0.8;
  return () => {
    const drawn = random.uniform() * sum;
    let low = 0;
    let high = numTastes - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (until[middle]! < drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function unit(vector: Float64Array): Float64Array {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const length = Math.sqrt(sum);
  if (length > 0) for (let f = 0; f < vector.length; f++) vector[f]! /= length;
  return vector;
}
