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
  readonly #step: number;
  readonly #cutoff: number;
  readonly #reach: number;
  /** Mono at the source's rate, from `#start` on. */
  #held = new Float32Array(0);
  #start = 0;
  #next = 0;

  /** @param sampleRate - of the source, samples a second, > 0 */
  constructor(sampleRate: number) {
    this.#step = sampleRate / analysisRate;
    this.#cutoff = Math.min(1, 1 / this.#step);
    this.#reach = Math.ceil(wing / this.#cutoff);
  }

  /** @param isLast - nothing follows: what is beyond the end is silent */
  push(channels: Channels, isLast = false): Float32Array {
    this.#hold(channels);
    const end = this.#start + this.#held.length;
    const last = isLast ? end : end - this.#reach;
    const output: number[] = [];
    for (; this.#next * this.#step < last; this.#next++) {
      output.push(this.#at(this.#next * this.#step));
    }
    const used = Math.floor(this.#next * this.#step) - this.#reach - this.#start;
    if (used > 0) {
      this.#held = this.#held.slice(Math.min(used, this.#held.length));
      this.#start += used;
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

  #at(position: number): number {
    const from = Math.max(Math.ceil(position - this.#reach), this.#start);
    const to = Math.min(Math.floor(position + this.#reach), this.#start + this.#held.length - 1);
    let sum = 0;
    for (let i = from; i <= to; i++) {
      const x = (i - position) * this.#cutoff;
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
      const window = 0.5 + 0.5 * Math.cos((Math.PI * (i - position)) / this.#reach);
      sum += this.#held[i - this.#start]! * sinc * window;
    }
    return sum * this.#cutoff;
  }
}
