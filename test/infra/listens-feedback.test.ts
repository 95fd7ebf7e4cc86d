import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import type { FeedbackWindow } from '../../infra/http/listens-feedback.ts';
import { openListenReader, type ListenReader } from '../../infra/http/listens-read.ts';
import { recordingMsidOf } from '../../infra/http/listens-row.ts';
import { openLake } from '../../infra/lake.ts';
import { writeLog } from '../support/log-rows.ts';
import { temporaryFolder } from '../support/sources.ts';

const folder = temporaryFolder();
const reader: ListenReader = openListenReader({
  lake: openLake(folder.path, { verifyMb: 0 }),
  openSql: () => openDuckdb({ threads: 1 }),
  clock: () => Date.UTC(2026, 10, 16),
});
const numOfCollector = 4500;
const all: FeedbackWindow = { score: undefined, count: 1000, offset: 0 };
const [first, second, foreign] = ['1', '2', '3'].map(
  (digit) => `${digit.repeat(8)}-aaaa-4aaa-8aaa-${digit.repeat(12)}`,
) as [string, string, string];
const second0 = Date.UTC(2026, 0, 1) / 1000;
const at = (seconds: number) => new Date((second0 + seconds) * 1000).toISOString().slice(0, 19);

beforeAll(async () => {
  const heard = (seconds: number, title: string, more: object = {}) => ({
    ...{ listener: 'ana', listened_at: at(seconds), artist: 'Air', title, ...more },
  });
  const info = (told: object) => ({ info: JSON.stringify(told) });
  const said = (seconds: number, kind: string, title: string, more: object = {}) => ({
    ...{ listener: 'ana', happened_at: at(seconds), kind, artist: 'Air', title, ...more },
  });
  await writeLog(folder.path, 1, {
    listens: [
      heard(0, 'Sexy boy', info({ recording_mbid: first.toUpperCase() })),
      heard(100, 'Sexy Boy', { album: 'Moon Safari', ...info({ recording_mbid: first }) }),
      heard(200, 'Sexy Boy', { album: 'Twentyears', ...info({ tags: ['x'] }) }),
      heard(90_000, 'La femme', info({ mbid_mapping: { recording_mbid: second } })),
      heard(300, 'Broken', { info: '{not json' }),
      { ...heard(400, 'Theirs', info({ recording_mbid: foreign })), listener: 'budi' },
      ...Array.from({ length: numOfCollector }, (_, n) => ({
        ...heard(n, `Title ${n}`),
        listener: 'cora',
      })),
    ],
    feedback: [
      said(10, 'love', 'Sexy Boy'),
      said(20, 'love', 'Talisman'),
      said(30, 'hate', 'La femme'),
      said(40, 'love', 'Gone'),
      said(50, 'none', 'GONE'),
      said(60, 'skip', 'Sexy Boy'),
      said(70, 'love', 'Both'),
      said(70, 'hate', 'Both'),
      said(80, 'hate', 'Changed'),
      said(81, 'love', 'Changed'),
      said(90, 'love', 'Theirs', { listener: 'budi' }),
    ],
  });
});

afterAll(async () => {
  await reader.dispose();
  folder.remove();
});

test('a recording is what the listener’s newest listen with its id calls it', async () => {
  const of = (mbid?: string, msid?: string) => reader.recording('ana', { mbid, msid });
  expect(await of(first)).toEqual({ artist: 'Air', title: 'Sexy Boy' });
  expect(await of(second)).toEqual({ artist: 'Air', title: 'La femme' });
  expect(await of(foreign)).toBeUndefined();
  const msid = recordingMsidOf('air', 'BROKEN', null);
  expect(await of(undefined, msid)).toMatchObject({ title: 'Broken' });
  expect(await of(foreign, msid)).toMatchObject({ title: 'Broken' });
  expect(await of(second, msid)).toMatchObject({ title: 'La femme' });
  expect(await of(undefined, recordingMsidOf('Air', 'Broken', 'An album'))).toBeUndefined();
  expect(await reader.recording('nobody', { mbid: first, msid: undefined })).toBeUndefined();
});

test('a recording is found among thousands, be it the newest or the oldest', async () => {
  for (const n of [numOfCollector - 1, 2500, 0]) {
    const msid = recordingMsidOf('Air', `Title ${n}`, null);
    const found = await reader.recording('cora', { mbid: undefined, msid });
    expect(found).toMatchObject({ artist: 'Air', title: `Title ${n}` });
  }
  const unknown = recordingMsidOf('Air', `Title ${numOfCollector}`, null);
  expect(await reader.recording('cora', { mbid: undefined, msid: unknown })).toBeUndefined();
});

test('of several words on a track the newest counts, of two at once the more careful', async () => {
  const { total, opinions } = await reader.opinions('ana', all);
  expect(opinions.map(({ kind, title }) => `${kind} ${title}`)).toEqual([
    'love Changed',
    'hate Both',
    'hate La femme',
    'love Talisman',
    'love Sexy Boy',
  ]);
  expect(total).toBe(5);
  const titles = async (window: Partial<FeedbackWindow>) =>
    (await reader.opinions('ana', { ...all, ...window })).opinions.map(({ title }) => title);
  expect(await titles({ score: 1 })).toEqual(['Changed', 'Talisman', 'Sexy Boy']);
  expect(await titles({ score: -1, offset: 1 })).toEqual(['La femme']);
  expect(await titles({ count: 2, offset: 1 })).toEqual(['Both', 'La femme']);
  expect(await reader.opinions('ana', { ...all, count: 0 })).toEqual({ total: 5, opinions: [] });
  expect(await reader.opinions('nobody', all)).toEqual({ total: 0, opinions: [] });
});

test('what was said comes with album and id of the listener’s own listens', async () => {
  const { opinions } = await reader.opinions('ana', all);
  const of = (wanted: string) => opinions.find(({ title }) => title === wanted);
  expect(of('Sexy Boy')).toEqual({
    ...{ created: second0 + 10, kind: 'love', artist: 'Air', title: 'Sexy Boy' },
    ...{ album: 'Twentyears', mbid: first },
  });
  expect(of('La femme')).toMatchObject({ album: null, mbid: second });
  expect(of('Talisman')).toMatchObject({ album: null, mbid: null });
});
