import { expect, test } from '@jest/globals';
import { AudioAnalysis, numMfcc, type AudioFeatures } from '../../model/audio/analyse.ts';
import { keyOf } from '../../model/audio/key.ts';
import { Loudness } from '../../model/audio/loudness.ts';
import { analysisRate, Downmix } from '../../model/audio/mix.ts';
import { tempoOf } from '../../model/audio/tempo.ts';
import { cadence, clicks, mixed, sine } from '../support/sound.ts';

function analysed(sampleRate: number, ...channels: Float32Array[]): AudioFeatures {
  const analysis = new AudioAnalysis(sampleRate);
  analysis.push(channels);
  return analysis.features();
}

test.each([60, 72, 90, 97, 120, 128, 140, 174, 200])(
  'the tempo of %i clicks a minute is found within one in a hundred',
  (tempo) => {
    const { tempo: found } = analysed(analysisRate, clicks(tempo, 8, analysisRate));
    expect(Math.abs(found! / tempo - 1)).toBeLessThan(0.01);
  },
);

test('a tempo too fast or too slow to be tapped is given an octave off', () => {
  const of = (tempo: number) => analysed(analysisRate, clicks(tempo, 10, analysisRate)).tempo!;
  expect(of(45)).toBeCloseTo(90, 0);
  expect(Math.abs(of(240) / 120 - 1)).toBeLessThan(0.01);
});

test('what does not repeat, or is too short, has no tempo', () => {
  expect(tempoOf(new Float32Array(1000), 43)).toBeUndefined();
  expect(tempoOf(new Float32Array(1000).fill(3), 43)).toBeUndefined();
  expect(
    tempoOf(
      Float32Array.from({ length: 100 }, (_, i) => i % 20),
      43,
    ),
  ).toBeUndefined();
  expect(tempoOf(new Float32Array(), 43)).toBeUndefined();
});

test.each([1, 0] as const)('the key of a cadence is found in all twelve, mode %i', (mode) => {
  const found = Array.from({ length: 12 }, (_, key) => {
    const { key: of, mode: in_ } = analysed(analysisRate, cadence(key, mode, 3, analysisRate));
    return [of, in_];
  });
  expect(found).toEqual(Array.from({ length: 12 }, (_, key) => [key, mode]));
});

test('notes of which all are alike have no key', () => {
  expect(keyOf(new Float32Array(12))).toBeUndefined();
  expect(keyOf(new Float32Array(12).fill(0.5))).toBeUndefined();
  expect(keyOf([1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0])).toEqual({ key: 0, mode: 1 });
});

test.each([44_100, 48_000, 22_050])('loudness is as the standard has it, at %i', (rate) => {
  // BS.1770-4: a full-scale sine of 997 Hz in one channel is -3.01 LKFS.
  const loudnessOf = (...channels: Float32Array[]) => {
    const loudness = new Loudness(rate);
    loudness.push(channels);
    return loudness.integrated();
  };
  const full = sine(997, 1, 2, rate);
  const quiet = sine(997, 0.1, 2, rate);
  expect(loudnessOf(full)).toBeCloseTo(-3.01, 1);
  expect(loudnessOf(quiet)).toBeCloseTo(-23.01, 1);
  expect(loudnessOf(full, full)).toBeCloseTo(0, 1);
  // Silence is not counted: half of it changes nothing, all of it has no loudness.
  const half = new Float32Array(full.length * 2);
  half.set(full);
  expect(loudnessOf(half)).toBeCloseTo(-3.01, 0);
  expect(loudnessOf(new Float32Array(rate))).toBeUndefined();
  expect(loudnessOf(full.subarray(0, 100))).toBeUndefined();
});

test.each([8000, 16_000, 44_100, 48_000, 96_000])(
  'sound of %i samples a second is resampled with its tones where they were',
  (rate) => {
    const mix = new Downmix(rate);
    const half = sine(440, 0.5, 1, rate);
    const output = [mix.push([half, half]), mix.push([], true)].flatMap((part) => [...part]);
    expect(Math.abs(output.length - analysisRate)).toBeLessThanOrEqual(1);
    const expected = sine(440, 0.5, 1, analysisRate);
    let worst = 0;
    for (let i = 200; i < 21_500; i++) worst = Math.max(worst, Math.abs(output[i]! - expected[i]!));
    expect(worst).toBeLessThan(0.01);
  },
);

test('what the analysis cannot hear is filtered out, not folded back', () => {
  const mix = new Downmix(44_100);
  const output = mix.push([sine(15_000, 1, 0.5, 44_100)]);
  expect(Math.max(...output.subarray(200, 10_000).map(Math.abs))).toBeLessThan(0.02);
});

test('the features are the same however the sound was cut', () => {
  const sound = mixed(cadence(4, 1, 5, 44_100), clicks(100, 5, 44_100));
  const cut = new AudioAnalysis(44_100);
  for (let from = 0, size = 1; from < sound.length; from += size, size = (size * 7) % 9973) {
    cut.push([sound.subarray(from, from + size)]);
  }
  expect(cut.features()).toEqual(analysed(44_100, sound));
});

test('timbre tells a dull sound from a bright one, and chroma sums to one', () => {
  const dull = analysed(analysisRate, cadence(0, 1, 2, analysisRate));
  const bright = analysed(analysisRate, clicks(600, 2, analysisRate));
  const other = analysed(analysisRate, cadence(7, 1, 2, analysisRate));
  expect(dull.timbre).toHaveLength(2 * numMfcc);
  const distance = (a: AudioFeatures, b: AudioFeatures) =>
    Math.hypot(...a.timbre.map((value, i) => value - b.timbre[i]!));
  expect(distance(dull, bright)).toBeGreaterThan(2 * distance(dull, other));
  expect(dull.chroma.reduce((sum, note) => sum + note, 0)).toBeCloseTo(1, 5);
});

test('silence has no loudness, tempo or key, and all numbers are finite', () => {
  const { seconds, loudness, tempo, key, mode, timbre, chroma } = analysed(
    44_100,
    new Float32Array(44_100 * 5),
  );
  expect({ seconds, loudness, tempo, key, mode }).toEqual({
    ...{ seconds: 5, loudness: undefined, tempo: undefined, key: undefined, mode: undefined },
  });
  expect([...timbre, ...chroma].every((value) => value === 0)).toBe(true);
});
