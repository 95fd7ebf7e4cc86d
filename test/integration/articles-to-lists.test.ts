import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { openArtifacts } from '../../infra/artifacts.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { loadKernels } from '../../infra/kernels.ts';
import { frozenLists } from '../../infra/list-archive.ts';
import { loadTensorflow } from '../../infra/tensorflow.ts';
import type { NamedList } from '../../pipelines/listed.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { Runner } from '../../pipelines/runner.ts';
import { weekOptions } from '../../pipelines/week-plan.ts';
import { weekGraph } from '../../pipelines/weekly.ts';
import { articleRows, writeLake, type WrittenArticle } from '../support/articles-lake.ts';
import { namedListsOf } from '../support/named-lists.ts';
import { temporaryFolder } from '../support/sources.ts';

jest.setTimeout(900_000);

const home = temporaryFolder();
const cutoff = '2026-01-12T00:00:00.000Z';
const trainingCutoff = '2026-01-05T00:00:00.000Z';
/** In the catalogue, played by nobody. */
const newArtist = 'Quenelith';
let sql: Sql;

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
});

afterAll(() => {
  sql.dispose();
  home.remove();
});

const syllables = [
  'bra',
  'ken',
  'dol',
  'vim',
  'sut',
  'lor',
  'nep',
  'zag',
  'tiv',
  'mox',
  'gun',
  'fel',
];
const nameOf = (n: number): string => {
  const name = [n % 12, Math.floor(n / 12), (n * 5) % 12].map((at) => syllables[at]!).join('');
  return name.charAt(0).toUpperCase() + name.slice(1);
};
const numArtists = 120;
const day = (back: number): string =>
  new Date(Date.parse(cutoff) - back * 86_400_000).toISOString();
const at = (iso: string): string => iso.slice(0, 19).replace('T', ' ');

/** Each of 40 listeners plays ten artists; half of the artists nobody plays. */
function listens() {
  return Array.from({ length: 40 * 10 }, (_, n) => {
    const [listener, nth] = [Math.floor(n / 10), n % 10];
    const artist = (listener * 3 + nth * nth) % (numArtists / 2);
    return {
      ...{ listened_at: at(day(1.5 + 2.5 * nth)), listener: `listener-${listener}` },
      ...{
        zone: 'Europe/Amsterdam',
        artist: nameOf(artist),
        title: `Song ${artist}`,
        source: 'test',
      },
    };
  });
}

function recordings() {
  return [...Array(numArtists).keys(), -1].map((n) => ({
    ...{ recording_id: `r${n}`, title: n < 0 ? 'Harbour Glass' : `Song ${n}` },
    artists: [n < 0 ? newArtist : nameOf(n)],
    ...{ genres: ['indie rock'], known_from: '2025-10-01', source: 'test' },
  }));
}

const about = (id: string, name: string, published: string): WrittenArticle => ({
  ...{ id, published: at(published) },
  body: `${name} released a new album and announced a tour. The dreamy vocals of ${name} float over guitars.`,
});

/** Two articles a week about known artists, one artist much written about before the training cut-off. */
function usual(): WrittenArticle[] {
  const weekly = Array.from({ length: 16 }, (_, n) =>
    about(`usual-${n}`, nameOf(n), day(3 * n + 1)),
  );
  const before = [8, 9, 10, 11, 12].map((back) => about(`once-${back}`, nameOf(30), day(back)));
  return [...weekly, ...before];
}

async function listsWith(id: string, articles: readonly WrittenArticle[]): Promise<NamedList[]> {
  const folder = join(home.path, id);
  await mkdir(folder, { recursive: true });
  const lake = await writeLake(sql, folder, id, {
    listens: listens(),
    recordings: recordings(),
    articles: articleRows(articles),
  });
  const goal = weekGraph(
    {
      ...{ format: 1, week: '2026-W03', revision: 1, frozenAt: cutoff, cutoff },
      ...{ trainingCutoffs: [trainingCutoff], catalogue: 'asof', options: weekOptions.parse({}) },
      ...{
        lake: { id, tables: lake.tables as Record<keyof typeof lake.tables, string[]> },
        previous: [],
      },
    },
    [],
    { loadTensorflow, loadKernels },
  );
  const runner = new Runner({
    artifacts: openArtifacts(join(home.path, 'artifacts')),
    openSql: () => openDuckdb({ threads: 2 }),
    clock: () => 0,
    memoryMb: () => 0,
    concurrency: 1,
    signal: new AbortController().signal,
  });
  return namedListsOf(await frozenLists(await runner.make(goal)));
}

const newAt = (published: (n: number) => string): WrittenArticle[] =>
  Array.from({ length: 6 }, (_, n) => about(`new-${n}`, newArtist, published(n)));

const ofNew = (lists: readonly NamedList[]) =>
  lists.flatMap(({ tracks }) => tracks.filter(({ artists }) => artists[0] === newArtist));

test('a new artist without a listen reaches lists by what is written before the cut-off, and not by what is written after', async () => {
  const known = await listsWith('before', [...usual(), ...newAt((n) => day(1 + n))]);
  expect(known).toHaveLength(40);
  const listed = ofNew(known);
  expect(listed.length).toBeGreaterThan(0);
  const reasons = new Set(listed.map(({ reason }) => reason));
  expect(
    [...reasons].every((reason) =>
      /written about this week|described as|known for|in the words/.test(reason),
    ),
  ).toBe(true);
  expect([...new Set(known.flatMap(({ tracks }) => tracks.map(({ reason }) => reason)))]).toContain(
    'much written about this week',
  );

  const later = await listsWith('after', [...usual(), ...newAt((n) => day(-1 - n))]);
  expect(later).toHaveLength(40);
  expect(ofNew(later)).toEqual([]);
});
