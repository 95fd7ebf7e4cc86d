import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  feedbackOf,
  filesOf,
  historyFixture,
  importInto,
  listensOf,
  reasonsOf,
  spotifyRow,
  writeZip,
} from '../support/history.ts';
import {
  lakeFiles,
  queryLake,
  readRejects,
  temporaryFolder,
  writeSources,
} from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
let home: string;
beforeEach(() => {
  root = temporaryFolder();
  home = join(root.path, 'home');
});
afterEach(() => root.remove());

const archive = historyFixture('spotify');
const first = 'Streaming_History_Audio_2019-2020_0.json';
const folderInZip = 'Spotify Extended Streaming History';

/** As the fixture has them: `ts` less what was played, offline plays from when they began. */
const expected = [
  ['2019-12-31 23:56:39.000', 'Mogwai', 'Cody', 'Come On Die Young', 200000, 'spotify.com'],
  [
    '2019-12-31 23:59:59.750',
    'Mogwai',
    'Hunted by a Freak',
    'Happy Songs for Happy People',
    180250,
    'spotify.com',
  ],
  ['2020-01-02 10:00:39.000', 'The Beatles', 'Her Majesty', 'Abbey Road', 21000, 'spotify.com'],
  ['2020-01-03 10:00:00.000', 'Orbital', 'Halcyon', 'Brown Album', 240000, 'spotify.com'],
  ['2020-01-03 10:06:40.500', 'Orbital', 'Belfast', 'Brown Album', 240000, 'spotify.com'],
  ['2020-01-04 09:01:00.000', 'Orbital', 'Impact', 'Brown Album', 240000, 'spotify.com'],
  ['2020-01-05 09:01:00.000', 'Orbital', 'Lush', 'Brown Album', 240000, 'spotify.com'],
  ['2021-06-01 07:55:00.000', 'Sigur Rós & 박지윤', 'Déjà vu – live', null, 300000, 'spotify.com'],
];

async function asSent(): Promise<string> {
  const files = await filesOf(archive);
  return writeZip(join(root.path, 'my_spotify_data.zip'), {
    ...Object.fromEntries(
      Object.entries(files).map(([name, content]) => [`${folderInZip}/${name}`, content]),
    ),
    [`${folderInZip}/ReadMeFirst_ExtendedStreamingHistory.pdf`]: '%PDF-1.4',
    [`__MACOSX/${folderInZip}/._${first}`]: 'left behind',
  });
}

describe("Spotify's extended streaming history", () => {
  test('the archive as Spotify sends it gives every play of a track, from when it began', async () => {
    const funnel = await importInto(home, await asSent());
    expect(funnel).toMatchObject({
      source: 'spotify-49915e0d7d4b',
      format: 'spotify',
      rowsIn: 16,
      tables: { listens: 8, feedback: 1 },
      dropped: {
        audiobook: 1,
        'bad date': 1,
        'no track is named': 1,
        'played for less than 30 seconds': 1,
        podcast: 1,
        'private session': 1,
        'repeated in the source': 1,
      },
      passedOver: [
        `${folderInZip}/ReadMeFirst_ExtendedStreamingHistory.pdf`,
        `${folderInZip}/Streaming_History_Video_2020.json`,
      ],
    });
    expect(await listensOf(home)).toEqual(expected);
    expect(await feedbackOf(home)).toEqual([
      ['2020-01-02 09:59:48.000', 'skip', 'Rebecca Black', 'Friday', 12000],
    ]);
  });

  test('what cannot be used is kept with its line, without address, agent and name', async () => {
    await importInto(home, await asSent());
    const name = `${folderInZip}/${first}`;
    expect(await reasonsOf(home)).toEqual([
      [name, 103, 'played for less than 30 seconds'],
      [name, 153, 'no track is named'],
      [name, 178, 'podcast'],
      [name, 203, 'audiobook'],
      [name, 228, 'private session'],
      [name, 353, 'bad date'],
    ]);
    const lines = (await readFile(join(archive, first), 'utf8')).split('\n');
    for (const { file, line, raw } of await readRejects(home)) {
      expect(file).toBe(`ann: ${name}`); // by which an erasure finds them
      expect(lines[line - 1]!.trim()).toBe('{');
      const ts = (JSON.parse(raw) as { ts: string }).ts;
      expect(lines[line]!.trim()).toBe(`"ts": "${ts}",`);
    }
    const everything = [...(await lakeFiles(home)).values()].join('');
    expect(everything).not.toMatch(/203\.0\.113|ann\.secret|ip_addr|username/);
  });

  test('what else Spotify says of a play is in info', async () => {
    await importInto(home, archive);
    const [row] = await queryLake<{ info: string; zone: null }>(
      home,
      `SELECT info, zone FROM lake.listens WHERE title = 'Cody'`,
    );
    expect(row!.zone).toBeNull();
    expect(JSON.parse(row!.info)).toEqual({
      spotify_track_uri: 'spotify:track:0000000000000000000001',
      platform: 'Android OS 4.2.2 API 17 (samsung, GT-I9195)',
      country: 'GB',
      reason_start: 'trackdone',
      reason_end: 'trackdone',
      shuffle: false,
      skipped: false,
      offline: false,
    });
  });

  test('the unpacked folder, each file for itself, and all in one line give the same', async () => {
    await importInto(home, archive);
    expect(await listensOf(home)).toEqual(expected);
    const single = join(root.path, 'single');
    await importInto(single, join(archive, 'Streaming_History_Audio_2021_1.json'));
    await importInto(single, join(archive, first));
    expect(await listensOf(single)).toEqual(expected);
    const compact = JSON.stringify(JSON.parse(await readFile(join(archive, first), 'utf8')));
    const old = await writeSources(join(root.path, 'old'), {
      'MyData/endsong_0.json': `\u{feff}${compact}`,
    });
    await importInto(join(root.path, 'compact'), old);
    expect(await listensOf(join(root.path, 'compact'))).toEqual(expected.slice(0, -1));
  });

  test('the zone that is said is that of all listens', async () => {
    await importInto(home, archive, { zone: 'Asia/Jakarta' });
    expect(await queryLake(home, 'SELECT DISTINCT zone FROM lake.listens')).toEqual([
      { zone: 'Asia/Jakarta' },
    ]);
  });

  test('a second import changes nothing; a newer archive adds what is new', async () => {
    const rows = Array.from({ length: 5 }, (_, i) =>
      spotifyRow({ ts: `2020-01-0${i + 1}T00:00:00Z` }),
    );
    const zip = (n: number, count: number) =>
      writeZip(join(root.path, `data-${n}.zip`), {
        'Streaming_History_Audio_2020_0.json': JSON.stringify(rows.slice(0, count)),
      });
    await importInto(home, await zip(1, 3));
    const before = await lakeFiles(home);
    expect(await importInto(home, await zip(1, 3))).toMatchObject({ reused: true, converted: 0 });
    expect(await lakeFiles(home)).toEqual(before);
    expect(await importInto(home, await zip(2, 5))).toMatchObject({
      rowsIn: 5,
      tables: { listens: 2 },
      dropped: { 'in the lake already': 3 },
    });
    expect(await listensOf(home)).toHaveLength(5);
  });

  test('two listeners keep apart, whatever they are called', async () => {
    await importInto(home, archive, { listener: 'Ann' });
    const { source, tables } = await importInto(home, archive, { listener: 'ann' });
    expect([source, tables]).toEqual(['spotify-49915e0d7d4b', { listens: 8, feedback: 1 }]);
    const sources = await queryLake(
      home,
      `SELECT listener, source, count(*) AS n FROM lake.listens GROUP BY ALL ORDER BY listener`,
    );
    expect(sources).toEqual([
      { listener: 'Ann', source: 'spotify-17239b6e2501', n: 8 },
      { listener: 'ann', source: 'spotify-49915e0d7d4b', n: 8 },
    ]);
  });

  test('nothing that was converted stays once it is in the lake', async () => {
    await importInto(home, archive);
    expect(Object.keys(await filesOf(join(home, 'history')))).toEqual(['lock']);
  });
});
