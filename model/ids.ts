/** Ids of tracks and artists: a letter and 15 hexadecimal digits, 60 bits of a hash. */

/** The bits of ids, in two halves. */
export interface IdKeys {
  /** The lower 32. */
  readonly low: Uint32Array;
  /** The upper 28. */
  readonly high: Uint32Array;
}

const idPattern = /^[ta][0-9a-f]{15}$/;

/** @throws RangeError for what is not `t` or `a` and 15 hexadecimal digits */
export function idKeys(ids: readonly string[]): IdKeys {
  const low = new Uint32Array(ids.length);
  const high = new Uint32Array(ids.length);
  for (let n = 0; n < ids.length; n++) {
    const id = ids[n]!;
    if (!idPattern.test(id)) {
      throw new RangeError(`id: expected "t" or "a" and 15 hexadecimal digits, got "${id}"`);
    }
    high[n] = parseInt(id.slice(1, 8), 16);
    low[n] = parseInt(id.slice(8), 16);
  }
  return { low, high };
}

/** The id of a key. */
export function idOf(what: 'track' | 'artist', low: number, high: number): string {
  return (
    (what === 'track' ? 't' : 'a') +
    high.toString(16).padStart(7, '0') +
    low.toString(16).padStart(8, '0')
  );
}

/** Finds keys by their bits, in constant time where they are spread as those of a hash are. */
export class IdIndex {
  readonly #keys: IdKeys;
  /** How far the upper bits are shifted, to be the number of a bucket. */
  readonly #shift: number;
  /** [buckets + 1] where each begins. */
  readonly #start: Uint32Array;

  /** @throws RangeError where the keys do not ascend */
  constructor(keys: IdKeys) {
    const { low, high } = keys;
    const bits = Math.min(28, Math.ceil(Math.log2(low.length + 1)));
    this.#keys = keys;
    this.#shift = 28 - bits;
    this.#start = new Uint32Array(2 ** bits + 1);
    for (let n = 0; n < low.length; n++) {
      if (
        n > 0 &&
        (high[n - 1]! > high[n]! || (high[n - 1] === high[n] && low[n - 1]! >= low[n]!))
      ) {
        throw new RangeError(`ids: expected ascending ones, got another order at ${n}`);
      }
      this.#start[(high[n]! >>> this.#shift) + 1]!++;
    }
    for (let b = 0; b < 2 ** bits; b++) this.#start[b + 1]! += this.#start[b]!;
  }

  /** @returns the index of the key, -1 where it is none of these */
  find(low: number, high: number): number {
    const bucket = high >>> this.#shift;
    const last = this.#start[bucket + 1];
    if (last === undefined) return -1;
    for (let n = this.#start[bucket]!; n < last; n++) {
      if (this.#keys.low[n] === low && this.#keys.high[n] === high) return n;
    }
    return -1;
  }
}
