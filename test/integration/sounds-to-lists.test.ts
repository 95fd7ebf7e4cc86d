import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openArtifacts } from '../../infra/artifacts.ts';
import { audioFolder } from '../../infra/audio/folder.ts';
import { takeInAudio } from '../../infra/audio/take-in.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { importFolder } from '../../infra/import-folder.ts';
import { loadKernels } from '../../infra/kernels.ts';
import { openLake } from '../../infra/lake.ts';
import { frozenLists } from '../../infra/list-archive.ts';
import { loadTensorflow } from '../../infra/tensorflow.ts';
import { readTracks } from '../../model/listed-tracks.ts';
import { reasonKinds } from '../../model/reasons.ts';
import { freezeWeek } from '../../pipelines/freeze.ts';
import { nameTracks, readNames } from '../../pipelines/listed.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { Runner } from '../../pipelines/runner.ts';
import { weekOptions } from '../../pipelines/week-plan.ts';
import { weekGraph } from '../../pipelines/weekly.ts';
import { cadence, clicks, sine, wav } from '../support/sound.ts';
import { temporaryFolder } from '../support/sources.ts';

jest.setTimeout(900_000);

const root = temporaryFolder();
const cutoffMs = Date.parse('2026-01-12T00:00:00Z');
let sql: Sql;

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
});

afterAll(() => {
  sql.dispose();
  root.remove();
});

/**
 * Three sounds. Of each there are tracks that its listeners have long played, three more that they
 * discover in each of five weeks, and three that nobody has played yet. Beside them many that are
 * better known to the catalogue and that nobody plays. Nobody has written about anybody, and there
 * is no playlist: what is unplayed differs by its sound alone.
 */
const numSounds = 3;
const numOld = 8;
const numWeeks = 5;
const numUnplayed = 3;
const perSound = numOld + 3 * numWeeks + numUnplayed;
const numSounding = numSounds * perSound;
const numTracks = numSounding + 280;
const listenersPerSound = 12;

const soundOf = (track: number) => Math.floor(track / perSound);
const isUnplayed = (track: number) =>
  track < numSounding && track % perSound >= perSound - numUnplayed;
const listenersSound = (user: string) => Number(user.split('-')[1]) % numSounds;

const syllables = 'bra ken dol vim sut lor nep zag tiv mox gun fel'.split(' ');
/** Of a track's artist, who has no other; unlike all others. */
const artistOf = (track: number): string => {
  const digits = [track % 12, Math.floor(track / 12) % 12, Math.floor(track / 144)];
  return `A${[...digits, (track * 5 + 3) % 12].map((at) => syllables[at]!).join('')}`;
};
const trackOf = new Map(Array.from({ length: numTracks }, (_, n) => [artistOf(n), n]));

function listensCsv(): string {
  const rows = ['listened_at,listener,zone,language,artist,title'];
  const play = (listener: number, track: number, daysBack: number) => {
    const at = new Date(cutoffMs - daysBack * 86_400_000).toISOString();
    rows.push(
      `${at},listener-${listener},Europe/Amsterdam,nl,${artistOf(track)},Song of ${artistOf(track)}`,
    );
  };
  for (let listener = 0; listener < numSounds * listenersPerSound; listener++) {
    const first = (listener % numSounds) * perSound;
    for (let n = 0; n < 5; n++) {
      play(
        listener,
        first + ((listener + n) % numOld),
        7 * (numWeeks + 1) - 0.5 - n - listener / 99,
      );
    }
    for (let week = 0; week < numWeeks; week++) {
      for (let n = 0; n < 3; n++) {
        play(
          listener,
          first + numOld + 3 * week + n,
          7 * (numWeeks - week) - 1 - n - listener / 99,
        );
      }
    }
  }
  return `${rows.join('\n')}\n`;
}

/** What a table of features says: the three sounds are far apart, and within each tracks differ a little. */
function tableRow(track: number): (number | '')[] {
  if (track >= numSounding) return Array.from({ length: 9 }, () => '');
  const little = ((track * 37) % 11) / 100;
  const centre = [
    [0.2, 0.9, 0.05, 0.1, 0.8, 0.1, 0.2, -5, 170],
    [0.8, 0.4, 0.3, 0.5, 0.1, 0.6, 0.9, -9, 95],
    [0.4, 0.1, 0.04, 0.9, 0.4, 0.2, 0.3, -20, 70],
  ][soundOf(track)]!;
  return centre.map((value, n) => (n < 7 ? value + little / (n + 1) : value * (1 + little / 3)));
}

const tableColumns = [
  ...['danceability', 'energy', 'speechiness', 'acousticness', 'instrumentalness'],
  ...['liveness', 'valence', 'loudness', 'tempo'],
];

function recordingsCsv(withTable: boolean): string {
  const own = ['recording_id', 'title', 'artists', 'popularity', 'genres', 'known_from'];
  const rows = [[...own, ...(withTable ? tableColumns : [])].join(',')];
  for (let track = 0; track < numTracks; track++) {
    const popularity = track < numSounding ? '' : 50;
    const artist = artistOf(track);
    rows.push(
      [
        ...[`r${track}`, `Song of ${artist}`, artist, popularity, 'indie rock', '2025-10-01'],
        ...(withTable ? tableRow(track) : []),
      ].join(','),
    );
  }
  return `${rows.join('\n')}\n`;
}

/** Two seconds of each track that sounds: chords, clicks or a low tone. */
async function writeSounds(home: string): Promise<void> {
  const folder = audioFolder(home);
  await mkdir(folder, { recursive: true });
  const rate = 16_000;
  for (let track = 0; track < numSounding; track++) {
    const variant = (track * 7) % 12;
    const samples = [
      () => cadence(variant, 1, 2, rate),
      () => clicks(150 + 3 * variant, 2, rate),
      () => sine(90 + 4 * variant, 0.2, 2, rate),
    ][soundOf(track)]!();
    // No two files are of the same content: that would be analysed once.
    const own = samples.map((value) => value * (0.6 + 0.004 * (track % perSound)));
    await writeFile(join(folder, `r${track}.wav`), wav([own], rate));
  }
}

interface Listed {
  readonly user: string;
  readonly track: number;
  readonly reason: string;
  /** Index into `reasonKinds`. */
  readonly code: number;
}

/** All tracks on the lists of the week, of a home where sound is known by files, by a table, or not. */
async function listedWith(known: 'files' | 'table' | 'nothing'): Promise<Listed[]> {
  const [data, home] = [join(root.path, known, 'data'), join(root.path, known, 'home')];
  await mkdir(data, { recursive: true });
  await writeFile(join(data, 'listens.csv'), listensCsv());
  await writeFile(join(data, 'recordings.csv'), recordingsCsv(known === 'table'));
  await importFolder(data, home);
  if (known === 'files') {
    await writeSounds(home);
    const lake = openLake(home);
    const { analysed, refused } = await takeInAudio({ home, lake, openSql: () => openDuckdb() });
    expect([analysed, refused]).toEqual([numSounding, {}]);
  }
  const frozen = await freezeWeek({
    ...{ week: '2026-W03', asked: {}, defaults: weekOptions.parse({}), recompute: false },
    lake: await openLake(home).snapshot(),
    weeks: { find: () => Promise.resolve(undefined), write: () => Promise.resolve() },
    ...{ sql, clock: () => cutoffMs },
  });
  const runner = new Runner({
    artifacts: openArtifacts(join(home, 'artifacts')),
    openSql: () => openDuckdb({ threads: 2 }),
    ...{ clock: () => 0, memoryMb: () => 0, concurrency: 1 },
    signal: new AbortController().signal,
  });
  const goal = weekGraph(frozen, [], { loadTensorflow, loadKernels });
  const lists = await frozenLists(await runner.make(goal));
  const names = await readNames(lists.trackNames(), lists.artistNames());
  const listed: Listed[] = [];
  for (const { zone } of lists.zones) {
    for await (const { user, ...stored } of lists.read(zone)) {
      const ids = readTracks(stored);
      nameTracks(stored, names).forEach(({ artists, reason }, n) => {
        const track = trackOf.get(artists[0]!)!;
        listed.push({ user, track, reason, code: ids[n]!.reason });
      });
    }
  }
  expect(listed).toHaveLength(30 * numSounds * listenersPerSound);
  return listed;
}

const ofUnplayed = (listed: readonly Listed[]) => listed.filter(({ track }) => isUnplayed(track));

test.each(['files', 'table'] as const)(
  'tracks without listens or text reach the lists of those whose music sounds like them, known by %s',
  async (known) => {
    const found = ofUnplayed(await listedWith(known));
    expect(new Set(found.map(({ track }) => soundOf(track)))).toEqual(new Set([0, 1, 2]));
    expect(reasonKinds[12].name).toBe('soundsLike');
    for (const { user, track, code, reason } of found) {
      expect([track, code]).toEqual([track, 12]);
      const liked = /^sounds like Song of (\w+) by \1$/.exec(reason)?.[1];
      expect(soundOf(trackOf.get(liked!)!)).toBe(listenersSound(user));
      expect(soundOf(track)).toBe(listenersSound(user));
    }
  },
);

test('the same tracks are on no list where nothing is known of their sound', async () => {
  expect(ofUnplayed(await listedWith('nothing'))).toEqual([]);
});
