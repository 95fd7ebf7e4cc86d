import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { audioFolder } from '../../infra/audio/folder.ts';
import { takeInAudio } from '../../infra/audio/take-in.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openLake } from '../../infra/lake.ts';
import { cadence, wav } from '../support/sound.ts';

const fixtures = join(import.meta.dirname, '../fixtures/audio');
const optional = ['@wasm-audio-decoders/flac', '@wasm-audio-decoders/ogg-vorbis', 'mpg123-decoder'];
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'audio-'));
  await mkdir(audioFolder(home), { recursive: true });
});

afterEach(() => rm(home, { recursive: true }));

test('the decoders that are not under a permissive licence are optional packages', async () => {
  const root = join(import.meta.dirname, '../..');
  const { dependencies, optionalDependencies } = JSON.parse(
    await readFile(join(root, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>;
  for (const name of optional) {
    expect([name, name in optionalDependencies!, name in dependencies!]).toEqual([
      name,
      true,
      false,
    ]);
  }
});

test('without them WAV is read, and the others wait until their decoder is installed', async () => {
  for (const name of optional) {
    jest.doMock(name, () => {
      throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
    });
  }
  for (const format of ['flac', 'mp3', 'ogg']) {
    await copyFile(
      join(fixtures, `a-minor-120.${format}`),
      join(audioFolder(home), `${format}.${format}`),
    );
  }
  await writeFile(join(audioFolder(home), 'one.wav'), wav([cadence(2, 1, 1, 8000)], 8000));
  const taking = {
    ...{ home, lake: openLake(home) },
    openSql: () => openDuckdb({ threads: 1, memoryMb: 256 }),
  };
  const without = await takeInAudio(taking);
  expect(without).toMatchObject({ files: 4, analysed: 1 });
  expect(Object.keys(without.refused).sort()).toEqual(
    ['flac', 'mp3', 'ogg']
      .map((format, n) => {
        const name = [optional[0], optional[2], optional[1]][n];
        return `expected the package ${name} to read a ${format} file, it is not installed`;
      })
      .sort(),
  );
  expect(await readdir(join(home, 'lake')).then((names) => names.includes('rejects'))).toBe(false);

  for (const name of optional) jest.dontMock(name);
  jest.resetModules();
  expect(await takeInAudio(taking)).toMatchObject({ analysed: 3, known: 1, refused: {} });
});
