import type { Channels } from '../../model/audio/mix.ts';

/** How the samples of a WAV file lie in it. */
interface Layout {
  readonly numChannels: number;
  readonly sampleRate: number;
  readonly bits: number;
  readonly isFloat: boolean;
}

/**
 * Reads RIFF WAVE as it comes: PCM of 8, 16, 24 or 32 bits, and floating point of 32 or 64.
 *
 * @throws Error for what is none of these, and for a file that ends before its samples begin
 */
export class WavReader {
  #held: Buffer = Buffer.alloc(0);
  #layout: Layout | undefined;
  /** Bytes of samples that are to come; undefined before they begin. */
  #left: number | undefined;

  /** Undefined until the samples begin. */
  get sampleRate(): number | undefined {
    return this.#left === undefined ? undefined : this.#layout?.sampleRate;
  }

  /** The samples that are whole by now; none where there are none. */
  push(bytes: Buffer): Channels {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    if (this.#left === undefined) this.#readHead();
    if (this.#left === undefined || this.#layout === undefined) return [];
    const { numChannels, bits } = this.#layout;
    const frameBytes = numChannels * (bits / 8);
    const numFrames = Math.floor(Math.min(this.#held.length, this.#left) / frameBytes);
    const channels = Array.from({ length: numChannels }, () => new Float32Array(numFrames));
    for (let i = 0; i < numFrames; i++) {
      for (let c = 0; c < numChannels; c++) {
        channels[c]![i] = this.#sample(i * frameBytes + c * (bits / 8));
      }
    }
    this.#held = this.#held.subarray(numFrames * frameBytes);
    this.#left -= numFrames * frameBytes;
    return channels;
  }

  finish(): void {
    if (this.#left === undefined) throw new Error('expected samples, got the end of the file');
  }

  #readHead(): void {
    const held = this.#held;
    if (held.length < 12) return;
    if (held.toString('latin1', 0, 4) !== 'RIFF' || held.toString('latin1', 8, 12) !== 'WAVE') {
      throw new Error('expected RIFF WAVE, got something else');
    }
    let at = 12;
    while (at + 8 <= held.length) {
      const name = held.toString('latin1', at, at + 4);
      const size = held.readUInt32LE(at + 4);
      if (name === 'data') {
        if (this.#layout === undefined) throw new Error('expected "fmt " before "data"');
        // Whoever wrote a stream did not know its size.
        this.#left = size === 0 || size === 0xffffffff ? Infinity : size;
        this.#held = held.subarray(at + 8);
        return;
      }
      if (size > maxChunkBytes) throw new Error(`expected chunks of a WAV file, got "${name}"`);
      if (at + 8 + size > held.length) return;
      if (name === 'fmt ') this.#layout = layoutOf(held.subarray(at + 8, at + 8 + size));
      at += 8 + size + (size & 1);
    }
  }

  #sample(at: number): number {
    const { bits, isFloat } = this.#layout!;
    if (isFloat) return bits === 32 ? this.#held.readFloatLE(at) : this.#held.readDoubleLE(at);
    if (bits === 8) return (this.#held[at]! - 128) / 128;
    return this.#held.readIntLE(at, bits / 8) / 2 ** (bits - 1);
  }
}

/** Of what comes before the samples; a cover in it may be large. */
const maxChunkBytes = 16 * 1024 * 1024;

function layoutOf(format: Buffer): Layout {
  if (format.length < 16) throw new Error('expected 16 bytes of "fmt ", got fewer');
  const [tag, numChannels] = [format.readUInt16LE(0), format.readUInt16LE(2)];
  const [sampleRate, bits] = [format.readUInt32LE(4), format.readUInt16LE(14)];
  // What is extensible says in its last part which of the two it is.
  const kind = tag === 0xfffe && format.length >= 26 ? format.readUInt16LE(24) : tag;
  const isFloat = kind === 3;
  const isKnown = isFloat
    ? bits === 32 || bits === 64
    : kind === 1 && [8, 16, 24, 32].includes(bits);
  if (!isKnown) throw new Error(`expected PCM or floating point, got format ${kind}, ${bits} bits`);
  if (numChannels < 1 || numChannels > 8) {
    throw new Error(`expected 1 to 8 channels, got ${numChannels}`);
  }
  if (sampleRate < 8000 || sampleRate > 384_000) {
    throw new Error(`expected 8,000 to 384,000 samples a second, got ${sampleRate}`);
  }
  return { numChannels, sampleRate, bits, isFloat };
}
