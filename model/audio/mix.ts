/** Channels of sound, one array each, all of one length: samples of about -1..1. */
export type Channels = readonly Float32Array[];

/** Samples a second that features are taken at: what is above 11 kHz says little of them. */
export const analysisRate = 22_050;

/** Zero crossings of the filter's sinc on each side. */
const wing = 12;

/**
 * Channels as one, the mean of them, at `analysisRate`; as they come, in pieces of any size. The
 * pieces joined are the same however the sound was cut.
 *
 * Windowed-sinc interpolation (J. O. Smith, "Digital Audio Resampling", 2002) with a Hann window.
 */
export class Downmix {
  /** The position of output n is n * down / up samples of the source. */
  readonly #up: number;
  readonly #down: number;
  readonly #cutoff: number;
  readonly #reach: number;
  /** By the position's place between two samples, in parts of `up`: the weights of those around. */
  readonly #kernels = new Map<number, Float64Array>();
  /** Mono at the source's rate, from `#start` on. */
  #held = new Float32Array(0);
  #start = 0;
  #next = 0;

  /** @param sampleRate - of the source, whole samples a second, > 0 */
  constructor(sampleRate: number) {
    const divisor = greatestDivisor(sampleRate, analysisRate);
    this.#up = analysisRate / divisor;
    this.#down = sampleRate / divisor;
    this.#cutoff = Math.min(1, this.#up / this.#down);
    this.#reach = Math.ceil(wing / this.#cutoff);
  }

  /** @param isLast - nothing follows: what is beyond the end is silent */
  push(channels: Channels, isLast = false): Float32Array {
    this.#hold(channels);
    const end = this.#start + this.#held.length;
    const last = isLast ? end : end - this.#reach - 1;
    const output: number[] = [];
    for (; Math.floor((this.#next * this.#down) / this.#up) < last; this.#next++) {
      output.push(this.#at(this.#next));
    }
    const used = Math.floor((this.#next * this.#down) / this.#up) - this.#reach - this.#start;
    if (used > 0) {
      const dropped = Math.min(used, this.#held.length);
      this.#held = this.#held.slice(dropped);
      this.#start += dropped;
    }
    return Float32Array.from(output);
  }

  #hold(channels: Channels): void {
    const length = channels[0]?.length ?? 0;
    const joined = new Float32Array(this.#held.length + length);
    joined.set(this.#held);
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (const channel of channels) sum += channel[i]!;
      joined[this.#held.length + i] = sum / channels.length;
    }
    this.#held = joined;
  }

  #at(output: number): number {
    const position = output * this.#down;
    const kernel = this.#kernel(position % this.#up);
    const first = Math.floor(position / this.#up) - this.#reach + 1 - this.#start;
    let sum = 0;
    for (let k = 0; k < kernel.length; k++) sum += (this.#held[first + k] ?? 0) * kernel[k]!;
    return sum;
  }

  #kernel(phase: number): Float64Array {
    let kernel = this.#kernels.get(phase);
    if (kernel === undefined) {
      kernel = new Float64Array(2 * this.#reach);
      for (let k = 0; k < kernel.length; k++) {
        const distance = k - this.#reach + 1 - phase / this.#up;
        const x = Math.PI * distance * this.#cutoff;
        const window = 0.5 + 0.5 * Math.cos((Math.PI * distance) / this.#reach);
        kernel[k] = this.#cutoff * (x === 0 ? 1 : Math.sin(x) / x) * window;
      }
      this.#kernels.set(phase, kernel);
    }
    return kernel;
  }
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
