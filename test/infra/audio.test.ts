import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { analyseFile } from '../../infra/audio/analyse-file.ts';
import { BrokenAudio } from '../../infra/audio/decode.ts';
import { audioFiles, audioFolder } from '../../infra/audio/folder.ts';
import { takeInAudio, type TakingIn } from '../../infra/audio/take-in.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openLake } from '../../infra/lake.ts';
import { fromLake } from '../../pipelines/lake.ts';
import { cadence, clicks, mixed, sine, wav } from '../support/sound.ts';

const fixtures = join(import.meta.dirname, '../fixtures/audio');
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'audio-'));
  await mkdir(audioFolder(home), { recursive: true });
});

afterEach(() => rm(home, { recursive: true }));

const inFolder = (name: string) => join(audioFolder(home), name);

/** What the files of the fixtures hold: a cadence in A minor under 120 clicks a minute. */
const song = (rate: number) =>
  mixed(
    cadence(9, 0, 5, rate).map((value) => value * 0.8),
    clicks(120, 5, rate).map((value) => value * 0.5),
  );

test.each(['wav', 'flac', 'mp3', 'ogg'])(
  'tempo, key and loudness of a %s file are those it was made with',
  async (format) => {
    const path = inFolder(`a.${format}`);
    if (format === 'wav') await writeFile(path, wav([song(22_050)], 22_050, 24));
    else await copyFile(join(fixtures, `a-minor-120.${format}`), path);
    const { seconds, tempo, key, mode, loudness, timbre } = await analyseFile(path);
    expect(Math.abs(seconds - 5)).toBeLessThan(0.1);
    expect(Math.abs(tempo! / 120 - 1)).toBeLessThan(0.02);
    expect([key, mode]).toEqual([9, 0]);
    // Two channels of the same are 3 LU louder than one.
    const isStereo = format === 'mp3' || format === 'ogg';
    const { loudness: made } = await analyseFile(await asWav());
    expect(Math.abs(loudness! - made! - (isStereo ? 3.01 : 0))).toBeLessThan(0.5);
    expect(timbre.every(Number.isFinite)).toBe(true);
  },
);

async function asWav(): Promise<string> {
  const path = join(home, 'made.wav');
  await writeFile(path, wav([song(22_050)], 22_050, 'float'));
  return path;
}

test('a WAV file is read in all its kinds, and a stream whose size was not known', async () => {
  const sound = sine(997, 0.5, 1, 8000);
  const loudness = async (bytes: Buffer) => {
    const path = join(home, 'x.wav');
    await writeFile(path, bytes);
    return (await analyseFile(path)).loudness!;
  };
  const expected = await loudness(wav([sound], 8000, 'float'));
  for (const kind of [16, 24] as const) {
    expect(await loudness(wav([sound], 8000, kind))).toBeCloseTo(expected, 1);
  }
  const stream = wav([sound], 8000);
  stream.writeUInt32LE(0xffffffff, 40);
  expect(await loudness(stream)).toBeCloseTo(expected, 1);
  const cut = wav([sound], 8000);
  expect(await loudness(cut.subarray(0, cut.length - 1001))).toBeCloseTo(expected, 1);
});

test.each<[string, (good: Buffer) => Buffer, RegExp]>([
  ['of no format', () => Buffer.from('<html>nothing</html>'), /expected WAV, FLAC, MP3 or Ogg/],
  ['that is empty', () => Buffer.alloc(0), /expected WAV, FLAC, MP3 or Ogg/],
  ['that ends in its head', (good) => good.subarray(0, 30), /expected samples/],
  ['without samples', (good) => good.subarray(0, 44), /expected sound in a wav file, got none/],
  ['with samples of no kind', (good) => set16(good, 20, 85), /expected PCM .*format 85/],
  ['with a thousand channels', (good) => set16(good, 22, 1000), /expected 1 to 8 channels/],
  ['that says FLAC', () => Buffer.from(`fLaC${'x'.repeat(3000)}`), /./],
  ['that says Ogg', () => Buffer.from(`OggS${'x'.repeat(3000)}`), /./],
  ['that says MP3', () => Buffer.from(`ID3${'x'.repeat(3000)}`), /./],
])('a file %s is refused with its reason', async (_, make, reason) => {
  const path = join(home, 'broken');
  await writeFile(path, make(wav([sine(440, 0.5, 0.2, 8000)], 8000)));
  const error = await analyseFile(path).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(BrokenAudio);
  expect((error as Error).message).toMatch(reason);
  expect((error as Error).message).not.toContain('\n');
});

function set16(bytes: Buffer, at: number, value: number): Buffer {
  bytes.writeUInt16LE(value, at);
  return bytes;
}

test('a file too large or too long is read no further than the limit', async () => {
  const path = join(home, 'long.wav');
  await writeFile(path, wav([new Float32Array(80_000)], 8000));
  await expect(analyseFile(path, { maxBytes: 1000, maxSeconds: 60 })).rejects.toThrow(
    /expected up to 1000 bytes, got 160044/,
  );
  await expect(analyseFile(path, { maxBytes: 1e6, maxSeconds: 9 })).rejects.toThrow(
    /expected up to 9 seconds/,
  );
});

test('files are named by their recordings, in any subfolder', async () => {
  await mkdir(inFolder('more'));
  for (const name of ['b.WAV', 'spotify%3Atrack%3A1.ogg', 'more/100%.flac', 'cover.png']) {
    await writeFile(inFolder(name), 'x');
  }
  const found = await audioFiles(audioFolder(home));
  expect(found.map(({ recordingId }) => recordingId).sort()).toEqual([
    ...['100%', 'b', 'spotify:track:1'],
  ]);
  expect(await audioFiles(join(home, 'nowhere'))).toEqual([]);
});

function taking(options: Partial<TakingIn> = {}): TakingIn & { readonly told: string[] } {
  const told: string[] = [];
  return {
    ...{ home, lake: openLake(home), told },
    openSql: () => openDuckdb({ threads: 1, memoryMb: 256 }),
    onFile: ({ recordingId }, outcome) => told.push(`${recordingId} ${outcome}`),
    ...options,
  };
}

async function inLake(): Promise<Record<string, unknown>[]> {
  const { tables } = await openLake(home).snapshot();
  const sql = await openDuckdb({ threads: 1 });
  const rows = await sql.rows(
    `SELECT recording_id, round(seconds, 2) AS seconds, len(timbre) AS timbre,
       len(chroma) AS chroma, source, musical_key AS "key"
     FROM ${fromLake('audio_features', tables.audio_features)} ORDER BY recording_id`,
  );
  sql.dispose();
  return rows;
}

test('each content is analysed once, whatever it is called and wherever it was stopped', async () => {
  const major = wav([cadence(2, 1, 1, 8000)], 8000);
  const minor = wav([cadence(5, 0, 1, 8000)], 8000);
  await writeFile(inFolder('one.wav'), major);
  await writeFile(inFolder('two.wav'), major);
  await writeFile(inFolder('three.wav'), minor);
  await writeFile(inFolder('wrong.wav'), 'no sound');
  const stopping = new AbortController();
  const first = taking({
    batchFiles: 1,
    signal: stopping.signal,
    onFile: () => stopping.abort(new Error('stopped')),
  });
  await expect(takeInAudio(first)).rejects.toThrow('stopped');
  expect(await inLake()).toHaveLength(1);

  const second = taking();
  const taken = await takeInAudio(second);
  expect(second.told.sort()).toEqual(['three analysed', 'two copied', 'wrong refused'].sort());
  expect(taken).toMatchObject({ files: 4, analysed: 1, copied: 1, known: 1 });
  expect(Object.keys(taken.refused)).toEqual([
    'expected WAV, FLAC, MP3 or Ogg Vorbis, got something else',
  ]);
  const row = { seconds: 1, timbre: 26, chroma: 12, source: 'audio' };
  expect(await inLake()).toEqual([
    { recording_id: 'one', ...row, key: 2 },
    { recording_id: 'three', ...row, key: 5 },
    { recording_id: 'two', ...row, key: 2 },
  ]);

  const third = taking();
  const again = await takeInAudio(third);
  expect(third.told).toEqual([]);
  expect(again).toMatchObject({ files: 4, analysed: 0, copied: 0, known: 3 });
  expect(await inLake()).toHaveLength(3);

  // Another content under a known name is another file.
  await writeFile(inFolder('wrong.wav'), wav([cadence(7, 1, 1, 8000)], 8000));
  expect((await takeInAudio(taking())).analysed).toBe(1);
  const rejects = await readRejects();
  expect(rejects).toMatchObject([
    { file: 'wrong.wav', reason: 'expected WAV, FLAC, MP3 or Ogg Vorbis, got something else' },
  ]);
});

async function readRejects(): Promise<unknown[]> {
  const { readdir } = await import('node:fs/promises');
  const folder = join(home, 'lake', 'rejects');
  const names = await readdir(folder);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  );
}
