import { seedFor } from '../random.ts';
import { concatenated } from '../shared.ts';
import { weightShapes, type NetworkShape } from './network.ts';
import type { RankerOptions } from './ranker.ts';

/** The shape of the one network that the members are together. */
export function shapeOf(
  { hidden, members = 1 }: Pick<RankerOptions, 'hidden' | 'members'>,
  numInputs: number,
): NetworkShape {
  return { numInputs, hidden: hidden.map((units) => units * members) };
}

/** [members] the seed of each; that of the first is the ranker's own. */
export function memberSeeds({ seed, members = 1 }: Pick<RankerOptions, 'seed' | 'members'>) {
  return Array.from({ length: members }, (_, n) => (n === 0 ? seed : seedFor(seed, 'member', n)));
}

/**
 * One network whose score is the mean of the members' scores: their hidden units side by side,
 * deeper kernels block-diagonal, the linear part the mean, the outputs divided by their number.
 *
 * @param shape - of each member
 * @param members - the weights of each, one or more
 * @returns of one member its own weights; otherwise of the shape `shapeOf`
 */
export function meanOfMembers(
  shape: NetworkShape,
  members: readonly (readonly Float32Array[])[],
): Float32Array[] {
  const count = members.length;
  if (count === 1) return [...members[0]!];
  return weightShapes(shape).map(({ name, rows, columns }, at) => {
    const parts = members.map((weights) => weights[at]!);
    if (name === 'linear') return meanOf(parts);
    if (name === 'output') return concatenated(parts).map((weight) => weight / count);
    // The first layer's inputs are shared; a bias has one row, which is shared too.
    const blocks = at === 1 || name.startsWith('bias') ? 1 : count;
    const into = new Float32Array(blocks * rows * count * columns);
    for (const [member, part] of parts.entries()) {
      const firstRow = blocks === 1 ? 0 : member * rows;
      for (let row = 0; row < rows; row++) {
        const from = part.subarray(row * columns, (row + 1) * columns);
        into.set(from, ((firstRow + row) * count + member) * columns);
      }
    }
    return into;
  });
}

function meanOf(parts: readonly Float32Array[]): Float32Array {
  return parts[0]!.map((_, n) => parts.reduce((sum, part) => sum + part[n]!, 0) / parts.length);
}
