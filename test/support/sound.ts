/** Sounds whose features are known, because we made them. */

/** Short bursts of noise at a tempo. @param tempo - clicks a minute */
export function clicks(tempo: number, seconds: number, sampleRate: number): Float32Array {
  const samples = new Float32Array(Math.round(seconds * sampleRate));
  const period = (60 / tempo) * sampleRate;
  let state = 1;
  for (let beat = 0; beat * period < samples.length; beat++) {
    const start = Math.round(beat * period);
    for (let i = 0; i < 0.02 * sampleRate && start + i < samples.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      samples[start + i] = (state / 2 ** 31 - 1) * Math.exp((-6 * i) / (0.02 * sampleRate)) * 0.8;
    }
  }
  return samples;
}

/** The triads of a cadence in semitones above the tonic: I IV V I, in minor i iv V i. */
const cadences = {
  1: [
    [0, 4, 7],
    [5, 9, 12],
    [7, 11, 14],
    [0, 4, 7],
  ],
  0: [
    [0, 3, 7],
    [5, 8, 12],
    [7, 11, 14],
    [0, 3, 7],
  ],
} as const;

/** A cadence, again and again, of tones with four overtones. @param key - 0 = C .. 11 = B */
export function cadence(
  key: number,
  mode: 0 | 1,
  seconds: number,
  sampleRate: number,
): Float32Array {
  const samples = new Float32Array(Math.round(seconds * sampleRate));
  const chordS = 0.75;
  for (let i = 0; i < samples.length; i++) {
    const t = i / sampleRate;
    const chord = cadences[mode][Math.floor(t / chordS) % 4]!;
    let value = 0;
    for (const semitone of chord) {
      // C4 is 261.63 Hz.
      const frequency = 261.6256 * 2 ** ((key + semitone) / 12);
      for (let h = 1; h <= 4; h++) {
        value += Math.sin(2 * Math.PI * frequency * h * t) / h ** 2;
      }
    }
    const within = (t % chordS) / chordS;
    samples[i] = value * 0.12 * Math.min(1, within * 40, (1 - within) * 20);
  }
  return samples;
}

export function sine(
  frequency: number,
  amplitude: number,
  seconds: number,
  sampleRate: number,
): Float32Array {
  return Float32Array.from(
    { length: Math.round(seconds * sampleRate) },
    (_, i) => amplitude * Math.sin((2 * Math.PI * frequency * i) / sampleRate),
  );
}

export function mixed(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value + (b[i] ?? 0));
}

/** RIFF WAVE, one channel or more. @param kind - PCM of 16 or 24 bits, or floating point */
export function wav(
  channels: readonly Float32Array[],
  sampleRate: number,
  kind: 16 | 24 | 'float' = 16,
): Buffer {
  const bytes = kind === 'float' ? 4 : kind / 8;
  const length = channels[0]!.length;
  const data = Buffer.alloc(length * channels.length * bytes);
  let at = 0;
  for (let i = 0; i < length; i++) {
    for (const channel of channels) {
      const value = Math.max(-1, Math.min(1, channel[i]!));
      if (kind === 'float') data.writeFloatLE(value, at);
      else data.writeIntLE(Math.round(value * (2 ** (kind - 1) - 1)), at, bytes);
      at += bytes;
    }
  }
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(kind === 'float' ? 3 : 1, 20);
  head.writeUInt16LE(channels.length, 22);
  head.writeUInt32LE(sampleRate, 24);
  head.writeUInt32LE(sampleRate * channels.length * bytes, 28);
  head.writeUInt16LE(channels.length * bytes, 32);
  head.writeUInt16LE(bytes * 8, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
