import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openDuckdb } from '../../infra/duckdb.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { csvRow } from '../../pipelines/simulate/csv.ts';
import { simulate, type Simulation } from '../../pipelines/simulate/simulate.ts';
import { TextFile } from '../../pipelines/simulate/text-file.ts';
import { readFirstPlays, readTruth } from '../../pipelines/simulate/truth.ts';

const options = { listeners: 60, tracks: 600, seed: 3, playlists: 20 };
const sources = [
  'listens.csv',
  'memberships.csv',
  'playlists.csv',
  'recordings.csv',
  'texts.jsonl',
  'truth/artist_tastes.csv',
  'truth/listener_tastes.csv',
  'truth/next-week.csv',
];

let root: string;
let sql: Sql;
let simulation: Simulation;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'simulate-'));
  sql = await openDuckdb({ threads: 1 });
  simulation = await simulate(options, join(root, 'first'));
});

afterAll(async () => {
  sql.dispose();
  await rm(root, { recursive: true, force: true });
});

const place = (name: string): string => join(root, name);

async function hashes(folder: string): Promise<Record<string, string>> {
  const entries = [...sources, 'simulation.json'].map(async (name) => {
    const content = await readFile(join(folder, name));
    return [name, createHash('sha256').update(content).digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** All rows of a file as text, null where a field is empty. */
async function readCsv(path: string): Promise<Record<string, string | null>[]> {
  return sql.rows(
    `SELECT * FROM read_csv($path, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')`,
    { path },
  );
}

describe('the files', () => {
  test('are the sources of the plain format, and the truth apart', async () => {
    const names = await readdir(simulation.folder, { recursive: true });
    expect(names.sort()).toEqual([...sources, 'simulation.json', 'truth'].sort());
  });

  test('have the columns that importers expect', async () => {
    const first = async (name: string): Promise<string> =>
      (await readFile(join(simulation.folder, name), 'utf8')).split('\n', 1)[0]!;
    expect(await first('listens.csv')).toBe('listened_at,listener,zone,language,artist,title');
    expect(await first('playlists.csv')).toBe('playlist_id,name,description');
    expect(await first('memberships.csv')).toBe('playlist_id,recording_id,added,removed');
    expect(await first('recordings.csv')).toBe(
      'recording_id,title,artists,album,album_id,length_s,released,popularity,genres,danceability,' +
        'energy,speechiness,acousticness,instrumentalness,liveness,valence,loudness,tempo,' +
        'musical_key,mode,known_from',
    );
    const text = JSON.parse(await first('texts.jsonl')) as Record<string, string>;
    expect(Object.keys(text)).toEqual(['text_id', 'artist', 'published', 'body']);
  });

  test('hold as many rows as counted, read back by DuckDB', async () => {
    const { counts } = simulation;
    const rowsOf = async (name: string): Promise<number> =>
      (await readCsv(join(simulation.folder, name))).length;
    expect(await rowsOf('listens.csv')).toBe(counts.listens);
    expect(await rowsOf('recordings.csv')).toBe(counts.recordings);
    expect(await rowsOf('playlists.csv')).toBe(counts.playlists);
    expect(await rowsOf('memberships.csv')).toBe(counts.memberships);
    expect(await rowsOf('truth/next-week.csv')).toBe(counts.firstPlays);
    expect(counts.playlists).toBe(20);
    expect(counts.recordings).toBeGreaterThanOrEqual(600);
  });

  test('refer to each other: members are recordings, texts are about their artists', async () => {
    const recordings = await readCsv(join(simulation.folder, 'recordings.csv'));
    const ids = new Set(recordings.map((row) => row['recording_id']));
    const artists = new Set(recordings.flatMap((row) => row['artists']!.split(' ; ')));
    const members = await readCsv(join(simulation.folder, 'memberships.csv'));
    expect(members.filter((row) => !ids.has(row['recording_id']))).toEqual([]);
    const texts = (await readFile(join(simulation.folder, 'texts.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { artist: string });
    expect(texts).toHaveLength(simulation.counts.texts);
    expect(texts.filter((text) => !artists.has(text.artist))).toEqual([]);
  });

  test('keep every listener, and each identity of a listen once', async () => {
    const [row] = await sql.rows<{ listeners: number; listens: number; identities: number }>(
      `SELECT count(DISTINCT listener) AS listeners, count(*) AS listens,
              count(DISTINCT (listener, listened_at)) AS identities
       FROM read_csv($path, header = true)`,
      { path: join(simulation.folder, 'listens.csv') },
    );
    expect(row!.listeners).toBe(60);
    expect(row!.identities).toBe(row!.listens);
  });

  test('give the planted truth back: mixtures that sum to one, first plays of known tracks', async () => {
    const truth = await readTruth(sql, simulation.folder);
    expect(truth.listeners.size).toBe(60);
    expect(truth.artists.size).toBe(simulation.counts.artists);
    for (const mixture of [...truth.listeners.values(), ...truth.artists.values()]) {
      expect([...mixture.values()].reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4);
    }
    const firstPlays = await readFirstPlays(sql, simulation.folder);
    expect(firstPlays).toHaveLength(simulation.counts.firstPlays);
    expect(firstPlays.every((play) => truth.artists.has(play.artist))).toBe(true);
  });

  test('keep first plays out of the listens, by their spelling too', async () => {
    const heard = new Set(
      (await readCsv(join(simulation.folder, 'listens.csv'))).map((row) =>
        [row['listener'], row['artist'], row['title']].join('\n'),
      ),
    );
    const firstPlays = await readFirstPlays(sql, simulation.folder);
    expect(firstPlays.length).toBeGreaterThan(20);
    const known = firstPlays.filter((play) =>
      heard.has([play.listener, play.artist, play.title].join('\n')),
    );
    expect(known).toEqual([]);
  });
});

describe('the rows', () => {
  test('come back from DuckDB whatever the names hold: quotes, commas, line breaks', async () => {
    const awkward = fc.oneof(
      fc.constantFrom(
        '"',
        'a, b',
        '""',
        'one\ntwo',
        'one\r\ntwo',
        "'",
        ' ; ',
        ' x ',
        '\u2028',
        '#',
        '\\',
      ),
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\0')),
    );
    const table = fc.array(fc.tuple(awkward, awkward), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        const path = place('awkward.csv');
        await rm(path, { force: true });
        const file = await TextFile.create(path, 'artist,title\n');
        for (const row of rows) file.add(csvRow(row));
        await file.close();
        const read = await sql.rows(
          `SELECT * FROM read_csv($path, header = true, delim = ',', quote = '"', escape = '"',
             auto_detect = false, columns = {artist: 'VARCHAR', title: 'VARCHAR'})`,
          { path },
        );
        expect(read).toEqual(rows.map(([artist, title]) => ({ artist, title })));
      }),
      { numRuns: 30 },
    );
  });
});

describe('the bytes', () => {
  test('are the same for the same options', async () => {
    const again = await simulate(options, place('again'));
    expect(again.reused).toBe(false);
    expect(await hashes(again.folder)).toEqual(await hashes(simulation.folder));
  });

  test('are others for another seed', async () => {
    const other = await simulate({ ...options, seed: 4 }, place('seed'));
    const a = await hashes(other.folder);
    const b = await hashes(simulation.folder);
    for (const name of Object.keys(b)) expect(a[name]).not.toBe(b[name]);
  });

  test('of the first listeners are the same for more listeners', async () => {
    const more = await simulate({ ...options, listeners: 90 }, place('more'));
    for (const name of ['listens.csv', 'truth/listener_tastes.csv', 'truth/next-week.csv']) {
      const few = await readFile(join(simulation.folder, name), 'utf8');
      expect((await readFile(join(more.folder, name), 'utf8')).startsWith(few)).toBe(true);
    }
  });
});

describe('the place', () => {
  test('is used again for the same options, and replaced for others', async () => {
    const folder = place('reuse');
    await simulate({ ...options, listeners: 5 }, folder);
    const again = await simulate({ ...options, listeners: 5 }, folder);
    expect(again.reused).toBe(true);
    expect(again.counts.listeners).toBe(5);
    const other = await simulate({ ...options, listeners: 6 }, folder);
    expect(other.reused).toBe(false);
    expect(other.counts.listeners).toBe(6);
  });

  test('is written anew where a file is cut short', async () => {
    const folder = place('cut');
    await simulate({ ...options, listeners: 5 }, folder);
    await truncate(join(folder, 'listens.csv'), 100);
    expect((await simulate({ ...options, listeners: 5 }, folder)).reused).toBe(false);
  });

  test('is refused, and left alone, where it holds something else', async () => {
    const folder = place('taken');
    await mkdir(folder);
    await writeFile(join(folder, 'letter.txt'), 'dear');
    const refused = simulate(options, folder);
    await expect(refused).rejects.toMatchObject({ code: 'USAGE' });
    await expect(refused).rejects.toThrow('letter.txt');
    expect(await readdir(folder)).toEqual(['letter.txt']);
  });

  test('stays empty when the work is aborted', async () => {
    const controller = new AbortController();
    const folder = place('aborted');
    const running = simulate(
      { ...options, listeners: 3_000 },
      folder,
      (what) => {
        if (what === 'listeners') controller.abort(new Error('enough'));
      },
      controller.signal,
    );
    await expect(running).rejects.toThrow('enough');
    expect((await readdir(root)).filter((name) => name.startsWith('aborted'))).toEqual([]);
  });

  test('stays empty when the process is killed in mid-write, and the next run fills it', async () => {
    const folder = place('killed');
    const code = `
      import { simulate } from ${JSON.stringify(resolve('pipelines/simulate/simulate.ts'))};
      await simulate({ listeners: 1_000_000, tracks: 600 }, ${JSON.stringify(folder)});`;
    const child = spawn(
      process.execPath,
      ['--no-warnings', '--import', 'tsx', '--input-type=module', '-e', code],
      { stdio: 'ignore' },
    );
    const listens = join(`${folder}.partial`, 'listens.csv');
    while (!existsSync(listens) || statSync(listens).size === 0) {
      if (child.exitCode !== null) throw new Error(`the simulation ended by itself`);
      await wait(20);
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(folder)).toBe(false);

    const next = await simulate({ ...options, listeners: 5 }, folder);
    expect(next.reused).toBe(false);
    expect(existsSync(`${folder}.partial`)).toBe(false);
  }, 300_000);
});

describe('the options', () => {
  test.each([
    [{ listeners: 0 }, /simulation, listeners: .*0/],
    [{ tracks: 10 }, /simulation, tracks: .*10/],
    [{ endsOn: '2026-01-06' }, /simulation, endsOn: expected a Monday.*2026-01-06/],
    [{ endsOn: 'soon' }, /simulation, endsOn: .*soon/],
  ])('%j is refused in one line', async (wrong, message) => {
    const refused = simulate(wrong, place('wrong'));
    await expect(refused).rejects.toMatchObject({ code: 'USAGE' });
    await expect(refused).rejects.toThrow(message);
    expect(existsSync(place('wrong'))).toBe(false);
  });

  test('have the documented defaults', () => {
    expect(simulation.options).toMatchObject({ weeks: 12, endsOn: '2026-01-05' });
    expect(simulation.startsOn).toBe('2025-10-13');
  });
});
