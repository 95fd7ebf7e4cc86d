import type { Channels } from './mix.ts';

/** Seconds of a block, and from one block to the next. */
const blockS = 0.4;
const hopS = 0.1;
/** LUFS: quieter blocks are silence. */
const absoluteGate = -70;
/** LU: blocks so far below the mean are not counted. */
const relativeGate = -10;

/** A second-order filter and what it remembers of one channel. */
interface Biquad {
  readonly b: readonly [number, number, number];
  readonly a: readonly [number, number];
}

/**
 * Integrated loudness of a piece of sound (ITU-R BS.1770-4, EBU R 128): its energy after the
 * K-weighting, in blocks of 400 ms, without those that are silent or 10 LU below the rest. All
 * channels count alike, as in stereo.
 */
export class Loudness {
  readonly #filters: readonly [Biquad, Biquad];
  /** Per channel, two numbers per filter. */
  readonly #memory: Float64Array[] = [];
  readonly #hopSamples: number;
  /** Weighted energy of each whole stretch of 100 ms, all channels together. */
  readonly #hops: number[] = [];
  #energy = 0;
  #inHop = 0;

  /** @param sampleRate - samples a second, > 0 */
  constructor(sampleRate: number) {
    this.#filters = [shelf(sampleRate), highPass(sampleRate)];
    this.#hopSamples = Math.round(sampleRate * hopS);
  }

  push(channels: Channels): void {
    while (this.#memory.length < channels.length) this.#memory.push(new Float64Array(4));
    const length = channels[0]?.length ?? 0;
    for (let i = 0; i < length; i++) {
      for (let c = 0; c < channels.length; c++) {
        const y = this.#weigh(channels[c]![i]!, this.#memory[c]!);
        this.#energy += y * y;
      }
      if (++this.#inHop === this.#hopSamples) {
        this.#hops.push(this.#energy / this.#hopSamples);
        [this.#energy, this.#inHop] = [0, 0];
      }
    }
  }

  /** LUFS; undefined for what is silent or shorter than a block. */
  integrated(): number | undefined {
    const perBlock = Math.round(blockS / hopS);
    const blocks: number[] = [];
    for (let h = 0; h + perBlock <= this.#hops.length; h++) {
      let sum = 0;
      for (let k = h; k < h + perBlock; k++) sum += this.#hops[k]!;
      blocks.push(sum / perBlock);
    }
    const loud = blocks.filter((energy) => lufs(energy) > absoluteGate);
    if (loud.length === 0) return undefined;
    const gate = lufs(mean(loud)) + relativeGate;
    return lufs(mean(loud.filter((energy) => lufs(energy) > gate)));
  }

  #weigh(sample: number, memory: Float64Array): number {
    let value = sample;
    for (const [f, { b, a }] of this.#filters.entries()) {
      // Direct form II, transposed.
      const output = b[0] * value + memory[f * 2]!;
      memory[f * 2] = b[1] * value - a[0] * output + memory[f * 2 + 1]!;
      memory[f * 2 + 1] = b[2] * value - a[1] * output;
      value = output;
    }
    return value;
  }
}

function lufs(energy: number): number {
  return -0.691 + 10 * Math.log10(energy);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The head's effect; constants of the analogue filter behind BS.1770, table 1, for any rate. */
function shelf(sampleRate: number): Biquad {
  const [f0, gain, q] = [1681.974450955533, 3.999843853973347, 0.7071752369554196];
  const k = Math.tan((Math.PI * f0) / sampleRate);
  const vh = 10 ** (gain / 20);
  const vb = vh ** 0.4996667741545416;
  const a0 = 1 + k / q + k * k;
  return {
    b: [
      (vh + (vb * k) / q + k * k) / a0,
      (2 * (k * k - vh)) / a0,
      (vh - (vb * k) / q + k * k) / a0,
    ],
    a: [(2 * (k * k - 1)) / a0, (1 - k / q + k * k) / a0],
  };
}

/** The low end; table 2 of BS.1770, for any rate. */
function highPass(sampleRate: number): Biquad {
  const [f0, q] = [38.13547087602444, 0.5003270373238773];
  const k = Math.tan((Math.PI * f0) / sampleRate);
  const a0 = 1 + k / q + k * k;
  return { b: [1, -2, 1], a: [(2 * (k * k - 1)) / a0, (1 - k / q + k * k) / a0] };
}
