import meyda from 'meyda';
import { keyOf } from './key.ts';
import { Loudness } from './loudness.ts';
import { analysisRate, Downmix, type Channels } from './mix.ts';
import { tempoOf } from './tempo.ts';

/** What a recording sounds like. */
export interface AudioFeatures {
  readonly seconds: number;
  /** Integrated, LUFS (EBU R 128); undefined for silence. */
  readonly loudness: number | undefined;
  /** Beats a minute, 60..200; undefined where nothing repeats. */
  readonly tempo: number | undefined;
  /** 0 = C .. 11 = B, and 1 major, 0 minor; undefined where there are no notes. */
  readonly key: number | undefined;
  readonly mode: 0 | 1 | undefined;
  /** [26] mean of each of 13 MFCC over the frames that are not silent, then standard deviation of each. */
  readonly timbre: Float32Array;
  /** [12] share of each note, C first; they sum to 1, or are 0 where there are none. */
  readonly chroma: Float32Array;
}

/** To be raised when the same sound gives other features. */
export const audioFeaturesVersion = 1;

export const numMfcc = 13;
/** Samples of a frame at `analysisRate`, and from one to the next: 93 ms, 23 ms. */
const frameSize = 2048;
const hopSize = 512;
/** Timbre and notes change slowly: they are taken of each so many-th frame. */
const featureStride = 2;
/** RMS of a frame below which it is silent (-60 dB). */
const silence = 0.001;

/**
 * Takes in a recording piece by piece, and holds no more of it than a frame and one number for each.
 * The same sound gives the same features however it was cut.
 */
export class AudioAnalysis {
  readonly #rate: number;
  readonly #mix: Downmix;
  readonly #loudness: Loudness;
  #held = new Float32Array(0);
  #samples = 0;
  #frames = 0;
  readonly #onsets: number[] = [];
  #before: Float32Array | undefined;
  readonly #sum = new Float64Array(numMfcc);
  readonly #squares = new Float64Array(numMfcc);
  readonly #chroma = new Float64Array(12);
  #numTimbre = 0;

  /** @param sampleRate - samples a second, > 0 */
  constructor(sampleRate: number) {
    this.#rate = sampleRate;
    this.#mix = new Downmix(sampleRate);
    this.#loudness = new Loudness(sampleRate);
  }

  push(channels: Channels): void {
    this.#samples += channels[0]?.length ?? 0;
    this.#loudness.push(channels);
    this.#take(this.#mix.push(channels));
  }

  features(): AudioFeatures {
    this.#take(this.#mix.push([], true));
    const tempo = tempoOf(Float32Array.from(this.#onsets), analysisRate / hopSize);
    const notes = this.#chroma.reduce((sum, note) => sum + note, 0);
    const chroma = Float32Array.from(this.#chroma, (note) => (notes > 0 ? note / notes : 0));
    const key = keyOf(chroma);
    const timbre = new Float32Array(2 * numMfcc);
    for (let m = 0; m < numMfcc && this.#numTimbre > 0; m++) {
      const mean = this.#sum[m]! / this.#numTimbre;
      timbre[m] = mean;
      timbre[numMfcc + m] = Math.sqrt(
        Math.max(0, this.#squares[m]! / this.#numTimbre - mean * mean),
      );
    }
    return {
      seconds: this.#samples / this.#rate,
      loudness: this.#loudness.integrated(),
      tempo,
      key: key?.key,
      mode: key?.mode,
      timbre,
      chroma,
    };
  }

  #take(mono: Float32Array): void {
    const joined = new Float32Array(this.#held.length + mono.length);
    joined.set(this.#held);
    joined.set(mono, this.#held.length);
    let at = 0;
    for (; at + frameSize <= joined.length; at += hopSize) {
      this.#frame(joined.subarray(at, at + frameSize));
    }
    this.#held = joined.slice(at);
  }

  #frame(samples: Float32Array): void {
    const isFull = this.#frames++ % featureStride === 0;
    const asked = isFull
      ? (['amplitudeSpectrum', 'rms', 'mfcc', 'chroma'] as const)
      : (['amplitudeSpectrum', 'rms'] as const);
    const found = extract(asked, samples);
    const spectrum = found.amplitudeSpectrum!;
    this.#onsets.push(flux(spectrum, this.#before));
    this.#before = Float32Array.from(spectrum, logarithm);
    if (!isFull || found.rms! < silence) return;
    this.#numTimbre++;
    for (let m = 0; m < numMfcc; m++) {
      const value = found.mfcc![m]!;
      this.#sum[m]! += value;
      this.#squares[m]! += value * value;
    }
    // Meyda scales the foremost note to 1: by the loudness, loud frames count for more.
    for (let n = 0; n < 12; n++) this.#chroma[n]! += found.chroma![n]! * found.rms!;
  }
}

interface Found {
  readonly amplitudeSpectrum?: Float32Array;
  readonly rms?: number;
  readonly mfcc?: readonly number[];
  readonly chroma?: readonly number[];
}

/** What we use of Meyda: its declarations are of an ES module, its code for Node is CommonJS. */
const Meyda = meyda as unknown as {
  bufferSize: number;
  sampleRate: number;
  windowingFunction: string;
  numberOfMFCCCoefficients: number;
  extract(features: readonly string[], samples: Float32Array): Found | null;
};

/** Meyda's settings are its module's: they are set for each call, which is synchronous. */
function extract(features: readonly (keyof Found)[], samples: Float32Array): Found {
  Meyda.bufferSize = frameSize;
  Meyda.sampleRate = analysisRate;
  Meyda.windowingFunction = 'hanning';
  Meyda.numberOfMFCCCoefficients = numMfcc;
  const found = Meyda.extract([...features], samples);
  if (found === null) throw new Error('a frame that Meyda does not take');
  return found;
}

function logarithm(amplitude: number): number {
  return Math.log1p(10 * amplitude);
}

/** How much of the spectrum grew since the frame before (spectral flux over log amplitudes). */
function flux(spectrum: Float32Array, before: Float32Array | undefined): number {
  if (before === undefined) return 0;
  let sum = 0;
  for (let k = 0; k < spectrum.length; k++) {
    const rise = logarithm(spectrum[k]!) - before[k]!;
    if (rise > 0) sum += rise;
  }
  return sum / spectrum.length;
}
