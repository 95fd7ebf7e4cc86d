import { hash } from 'node:crypto';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/**
 * Seeded chance. A **stream** is named by a seed and keys: the same name gives the same numbers on
 * every machine, and different names give independent numbers, so adding a draw in one place
 * changes nothing elsewhere.
 */
export interface Random {
  /** Uniform in [0, 1), 53 bits. Needs no `this`: may be passed on, `randomNormal.source(random.uniform)`. */
  readonly uniform: () => number;
  /**
   * Uniform integer in 0..n-1, for n of 1 to 2^31. One number of the stream is used for each call
   * of `uniform` and of `int` alike.
   */
  readonly int: (n: number) => number;
  /** Shuffles in place (Fisher-Yates), gives the same array; arrays and typed arrays. */
  readonly shuffle: <Values extends Shuffleable>(values: Values) => Values;
}

type Shuffleable = { readonly length: number; [index: number]: unknown };

const two26 = 2 ** 26;
const twoMinus53 = 2 ** -53;

/**
 * A generator of the stream (seed, ...keys): xoroshiro128+ (Blackman & Vigna 2018), its 128 bits
 * of state hashed from the name, so that two streams do not overlap in practice.
 *
 * @param seed - number or text; 1 and "1" are different seeds
 * @param streams - keys of the stream within the seed, such as `'listener', 17`
 * @throws RangeError for a seed or key that is NaN or infinite
 */
export function createRandom(seed: number | string, ...streams: (number | string)[]): Random {
  const state = digest([seed, ...streams]);
  const generator = xoroshiro128plusFromState([
    state.readInt32LE(0),
    state.readInt32LE(4),
    state.readInt32LE(8),
    state.readInt32LE(12) | 1, // the state of all zeros is the one that must not be
  ]);

  // The upper bits of each draw: the lowest bits of xoroshiro128+ are the weak ones.
  const uniform = (): number => {
    const high = generator.next() >>> 5;
    const low = generator.next() >>> 6;
    return (high * two26 + low) * twoMinus53;
  };
  const int = (n: number): number => Math.floor(uniform() * n);
  const shuffle = <Values extends Shuffleable>(values: Values): Values => {
    for (let last = values.length - 1; last > 0; last--) {
      const other = int(last + 1);
      const value = values[last];
      values[last] = values[other];
      values[other] = value;
    }
    return values;
  };
  return { uniform, int, shuffle };
}

/**
 * A seed for a stream, for what takes a number: an integer in 0..2^32-1 hashed from seed and keys.
 *
 * @throws RangeError for a seed or key that is NaN or infinite
 */
export function seedFor(seed: number | string, ...streams: (number | string)[]): number {
  return digest([seed, ...streams]).readUInt32LE(16);
}

function digest(name: (number | string)[]): Buffer {
  const odd = name.find((key) => typeof key === 'number' && !Number.isFinite(key));
  if (odd !== undefined) {
    throw new RangeError(`random: expected seed and keys to be finite numbers or text, got ${odd}`);
  }
  return hash('sha256', JSON.stringify(name), 'buffer');
}
