import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { createRandom, type Random } from '../../model/random.ts';
import { mentions } from '../../pipelines/mentions.ts';
import type { Sql } from '../../pipelines/ports.ts';
import type { InputTable } from '../../pipelines/step.ts';
import { catalogueTables } from '../../pipelines/tables.ts';
import { lakeSource } from '../../pipelines/week-plan.ts';
import { articleRows, writeLake } from '../support/articles-lake.ts';
import { parquetTables, runStage } from '../support/stage.ts';
import { temporaryFolder } from '../support/sources.ts';
import { writeTable } from '../support/tables.ts';

const home = temporaryFolder();
const at = (...path: string[]) => join(home.path, ...path);
let sql: Sql;

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
});
afterAll(() => {
  sql.dispose();
  home.remove();
});

interface Artist {
  readonly name: string;
  readonly tracks: readonly {
    readonly title: string;
    readonly album: string | null;
    readonly genres?: readonly string[];
    readonly popularity?: number;
  }[];
}
/** By artist_id. */
type World = Readonly<Record<string, Artist>>;
/** By id: the body. */
type Articles = Readonly<Record<string, string>>;

async function writeCatalogue(folder: string, world: World, textOf: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const ids = Object.keys(world).sort();
  const tracks = ids.flatMap((id, artist_ix) =>
    world[id]!.tracks.map((track) => ({
      ...{ track_id: `${id} ${track.title}`, artist_ix, title: track.title, album: track.album },
      ...{ artists: [world[id]!.name], genres: track.genres ?? [] },
      popularity: track.popularity ?? null,
    })),
  );
  tracks.sort((a, b) => (a.track_id < b.track_id ? -1 : 1));
  const rows = {
    artists: ids.map((artist_id, artist_ix) => ({
      artist_ix,
      artist_id,
      name: world[artist_id]!.name,
    })),
    tracks: tracks.map((track, ix) => ({ ...track, track_ix: ix, work_ix: ix })),
    texts: [
      { text_id: 'bio', source: 'test', artist_ix: ids.indexOf(textOf), published: '2025-01-01' },
    ],
  };
  for (const [name, some] of Object.entries(rows)) {
    await writeTable(sql, folder, name, catalogueTables[name as keyof typeof rows], some);
  }
}

async function writeArticles(folder: string, articles: Articles): Promise<readonly InputTable[]> {
  await mkdir(folder, { recursive: true });
  const snapshot = await writeLake(sql, folder, 'test', {
    texts: [
      {
        ...{ text_id: 'bio', artist: 'x', published: '2025-01-01', source: 'test' },
        body: 'A duo. They like Patti Smith and Low.',
      },
    ],
    articles: articleRows(
      Object.entries(articles).map(([id, body], n) => ({
        ...{ id, body, published: `2026-01-${String(1 + (n % 9)).padStart(2, '0')} 10:00:00` },
      })),
    ),
  });
  return lakeSource(snapshot).tables;
}

let runs = 0;
/** Of the law below. */
const rounds = 8;

/** Links articles for two weeks; the second with the help of the first, and from nothing. */
async function twoWeeks(
  [world, articles]: readonly [World, Articles],
  [later, laterArticles]: readonly [World, Articles],
): Promise<{ linked: number; kept: number }> {
  const folder = at(`run-${runs++}`);
  const [catalogue, laterCatalogue] = [join(folder, 'catalogue'), join(folder, 'catalogue-later')];
  const subject = Object.keys(world).filter((id) => id in later)[0]!;
  await writeCatalogue(catalogue, world, subject);
  await writeCatalogue(laterCatalogue, later, subject);
  const output = join(folder, 'first');
  const lake = await writeArticles(join(folder, 'lake'), articles);
  await runStage(mentions, { inputs: { lake, catalogue }, output });
  const inputs = {
    lake: await writeArticles(join(folder, 'lake-later'), laterArticles),
    catalogue: laterCatalogue,
  };
  const helped = await runStage(mentions, {
    ...{ inputs, output: join(folder, 'helped') },
    earlier: [
      {
        ...{ folder: output, tables: parquetTables(output) },
        inputs: { catalogue: { folder: catalogue, tables: parquetTables(catalogue) } },
      },
    ],
  });
  const alone = await runStage(mentions, { inputs, output: join(folder, 'alone') });
  for (const table of ['documents', 'mentions', 'sentences', 'readings']) {
    const [one, two] = await Promise.all(
      ['helped', 'alone'].map((name) => readFile(join(folder, name, `${table}.parquet`))),
    );
    if (!one!.equals(two!)) {
      const rowsOf = (name: string) =>
        sql.rows(`SELECT * FROM '${join(folder, name, `${table}.parquet`)}'`);
      expect(await rowsOf('helped')).toEqual(await rowsOf('alone'));
      throw new Error(`${table}: equal rows, other bytes`);
    }
  }
  expect([helped.dropped, helped.rowsIn, helped.rowsOut]).toEqual([
    ...[alone.dropped, alone.rowsIn, alone.rowsOut],
  ]);
  const { documentsLinked, documentsKept } = helped.figures;
  expect(alone.figures).toEqual({
    ...helped.figures,
    ...{ documentsKept: 0, documentsLinked: Number(documentsLinked) + Number(documentsKept) },
  });
  return { linked: Number(documentsLinked), kept: Number(documentsKept) };
}

const track = (title: string, album: string | null = null) => ({ title, album });
const plain: World = {
  a1: { name: 'Quenelith', tracks: [track('Harbour Glass', 'Tidal Rooms')] },
  a3: { name: 'Varokelm', tracks: [track('Stone Orchard', 'Low Lamps')] },
  a5: {
    name: 'Patti Smith',
    tracks: [track('Gloria', 'Horses'), track('Redondo Beach', 'Horses')],
  },
  a7: { name: 'Elliott Smith', tracks: [track('Angeles')] },
};
const prose: Articles = {
  harbour:
    'Quenelith released "Harbour Glass". The singer of Quenelith likes the album Tidal Rooms.',
  orchard: 'Varokelm played live. The song "Night Ferry" by Varokelm is great.',
  smith: 'An evening with Smith. The songs of Smith are sad, and "Gloria" was one.',
  nobody: 'The band Mellowgaze announced a tour. It rained all night.',
};
const alone = (articles: readonly string[]) => ({
  ...{ linked: articles.length, kept: Object.keys(prose).length + 1 - articles.length },
});

test('where nothing has changed but the numbers, nothing is linked again', async () => {
  const later = { ...plain, a0: { name: 'Zzyxqua', tracks: [track('Bzzt')] } };
  expect(await twoWeeks([plain, prose], [later, prose])).toEqual(alone([]));
});

test('where documents are few beside the artists, catalogues are not compared, and all is linked', async () => {
  const crowd = (size: number) =>
    Object.fromEntries(
      Array.from({ length: size }, (_, n) => [`crowd-${n}`, { name: `Crowd ${n}`, tracks: [] }]),
    );
  const articles = { one: 'Mogwai played in Glasgow.' };
  const of = (artists: number) => [{ ...plain, ...crowd(artists) }, articles] as const;
  // Two documents: the article, and the text that every lake here has.
  const size = 18 - Object.keys(plain).length;
  expect(await twoWeeks(of(size - 1), of(size))).toEqual({ linked: 0, kept: 2 });
  expect(await twoWeeks(of(size), of(size + 1))).toEqual({ linked: 2, kept: 0 });
});

test('what a catalogue knows anew is found in what was linked before, and only that is linked', async () => {
  const changes: readonly [string, World, readonly string[]][] = [
    // A new artist whom an article names.
    ['new', { ...plain, a2: { name: 'Mellowgaze', tracks: [] } }, ['nobody']],
    // A title that one of them writes, and one that none does.
    [
      'title',
      {
        ...plain,
        a3: {
          name: 'Varokelm',
          tracks: [...plain['a3']!.tracks, track('Night Ferry'), track('Xyz')],
        },
      },
      ['orchard'],
    ],
    // Another album for the same title.
    [
      'album',
      { ...plain, a1: { ...plain['a1']!, tracks: [track('Harbour Glass', 'Harbour Glass')] } },
      ['harbour'],
    ],
    // Somebody else of the same last name is the better known now.
    [
      'renown',
      {
        ...plain,
        a7: {
          name: 'Elliott Smith',
          tracks: ['Angeles', 'Baby Britain', 'Bled White'].map((t) => track(t)),
        },
      },
      ['smith'],
    ],
    // Written otherwise: without capitals the name is one of another kind.
    ['spelling', { ...plain, a1: { ...plain['a1']!, name: 'quenelith' } }, ['harbour']],
  ];
  for (const [what, later, again] of changes) {
    expect([what, await twoWeeks([plain, prose], [later, prose])]).toEqual([what, alone(again)]);
  }
  // The bio names Patti Smith by her whole name, so it depends on her being there.
  const without = Object.fromEntries(Object.entries(plain).filter(([id]) => id !== 'a5'));
  expect(await twoWeeks([plain, prose], [without, prose])).toEqual({ linked: 2, kept: 3 });
});

test('an article that was fetched again, and one that is new, are linked; the others are copied', async () => {
  const later = {
    ...prose,
    harbour: `${prose['harbour']} Corrected: the album is great.`,
    late: 'Patti Smith sang "Gloria".',
  };
  expect(await twoWeeks([plain, prose], [plain, later])).toEqual({ linked: 2, kept: 4 });
});

test('whatever changes in a catalogue of ambiguous names, the bytes are those of a new start', async () => {
  const sum = { linked: 0, kept: 0 };
  for (let seed = 1; seed <= rounds; seed++) {
    const random = createRandom(seed, 'kept');
    const world = Object.fromEntries(
      Array.from({ length: 14 }, () => [`a${random.int(1e6)}`, randomArtist(random)]),
    );
    const articles = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`n${n}`, randomArticle(random, world)]),
    );
    const later: Record<string, Artist> = { ...world };
    for (const id of Object.keys(world).sort()) {
      const lot = random.int(20);
      if (lot === 0) delete later[id];
      if (lot === 1) later[id] = { ...world[id]!, name: randomName(random) };
      if (lot === 2) later[id] = { ...randomArtist(random), name: world[id]!.name };
      if (lot === 3) later[id] = { ...world[id]!, tracks: world[id]!.tracks.slice(1) };
    }
    if (random.int(2) === 0) later[`a${random.int(1e6)}`] = randomArtist(random);
    const laterArticles: Record<string, string> = { ...articles };
    laterArticles['n3'] = randomArticle(random, later);
    laterArticles['n99'] = randomArticle(random, later);
    const { linked, kept } = await twoWeeks([world, articles], [later, laterArticles]);
    sum.linked += linked;
    sum.kept += kept;
  }
  expect(sum.kept).toBeGreaterThan(5 * rounds);
  expect(sum.linked).toBeGreaterThan(3 * rounds);
});

const syllables =
  'Low Air Yes Girls Glass Harbour Smith Young Patti Neil Velour Quen The Of 21'.split(' ');
const fillers =
  'the album song by of released played "quoted live and a tour, said. new single with band'.split(
    ' ',
  );

function pick<One>(random: Random, all: readonly One[]): One {
  return all[random.int(all.length)]!;
}

function randomName(random: Random): string {
  const words = Array.from({ length: 1 + random.int(3) }, () => pick(random, syllables));
  return random.int(6) === 0 ? words.join(' ').toLowerCase() : words.join(' ');
}

function randomArtist(random: Random): Artist {
  const titles = new Set(Array.from({ length: random.int(5) }, () => randomName(random)));
  return {
    name: randomName(random),
    tracks: [...titles].map((title) => ({
      ...{ title, album: random.int(2) === 0 ? randomName(random) : null },
      ...{ genres: random.int(3) === 0 ? [pick(random, ['rock', 'low rock'])] : [] },
    })),
  };
}

function randomArticle(random: Random, world: World): string {
  const artists = Object.values(world);
  const said = Array.from({ length: 6 + random.int(20) }, () => {
    const artist = pick(random, artists);
    const lot = random.int(8);
    if (lot === 0) return artist.name;
    if (lot === 1 && artist.tracks.length > 0) return `"${pick(random, artist.tracks).title}"`;
    if (lot === 2) return pick(random, syllables);
    if (lot === 3) return pick(random, ['rock', 'low', 'It rained.', 'Smith']);
    return pick(random, fillers);
  });
  return `${said.join(' ')}.`;
}
