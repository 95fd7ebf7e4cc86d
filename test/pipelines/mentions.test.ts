import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDuckdb } from '../../infra/duckdb.ts';
import { catalogue } from '../../pipelines/catalogue.ts';
import { mentions } from '../../pipelines/mentions.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { text } from '../../pipelines/text.ts';
import { trends } from '../../pipelines/trends.ts';
import { lakeSource } from '../../pipelines/week-plan.ts';
import { articleRows, writeLake, type WrittenArticle } from '../support/articles-lake.ts';
import { runStage, type StageOutcome } from '../support/stage.ts';
import { temporaryFolder } from '../support/sources.ts';
import type { InputTable } from '../../pipelines/step.ts';

const home = temporaryFolder();
const cutoff = '2026-01-12T00:00:00.000Z';
let sql: Sql;
let lake: readonly InputTable[];
let found: StageOutcome;

const recordings = [
  ['Air', 'Sexy Boy', 'Moon Safari'],
  ['Air', 'Kelly Watch the Stars', 'Moon Safari'],
  ['Quenelith', 'Harbour Glass', 'Tidal Rooms'],
  ['Varokelm', 'Stone Orchard', 'Low Lamps'],
  ['Patti Smith', 'Gloria', 'Horses'],
] as const;

const buzz = (day: number, n: number): WrittenArticle => ({
  id: `buzz-${day}-${n}`,
  published: `2026-01-${String(day).padStart(2, '0')} 10:00:00`,
  body: 'Quenelith released the album Tidal Rooms. The dreamy vocals of Quenelith are wonderful. Her whispery singing floats over dreamy guitars.',
});

const articles: WrittenArticle[] = [
  {
    id: 'air',
    published: '2025-12-10 08:00:00',
    body: 'The French duo Air released Moon Safari. The air was cold. "Sexy Boy" by Air is a terrible song with horrible lyrics, said the critics of the album.',
  },
  { id: 'air-2', published: '2025-12-11 08:00:00', body: 'The air was cold, and yes, it was fun.' },
  {
    id: 'old',
    published: '2025-11-25 08:00:00',
    body: 'Varokelm toured with a new album. Varokelm played dreamy songs with a whispery voice.',
  },
  {
    id: 'patti',
    published: '2025-12-12 08:00:00',
    fetched: '2025-12-12 09:00:00',
    body: 'Patti Smith sang. Later Smith read from a book.',
  },
  // A later version of the same article.
  {
    id: 'patti',
    published: '2025-12-12 08:00:00',
    fetched: '2025-12-12 10:00:00',
    body: 'Patti Smith sang with her band. Later Smith released an album.',
  },
  { id: 'words', kind: 'lyrics', published: '2025-12-12 08:00:00', body: 'air 3 love 5' },
  {
    id: 'deutsch',
    language: 'de',
    published: '2025-12-13 08:00:00',
    body: 'Varokelm haben ein neues Album. Varokelm spielen live.',
  },
  ...[5, 6, 7, 8].map((day) => buzz(day, 1)),
  buzz(20, 1),
  buzz(21, 1),
];

beforeAll(async () => {
  sql = await openDuckdb({ threads: 1 });
  const folder = join(home.path, 'lake');
  await mkdir(folder, { recursive: true });
  const snapshot = await writeLake(sql, folder, 'test', {
    recordings: recordings.map(([artist, title, album], n) => ({
      ...{ recording_id: `r${n}`, title, artists: [artist], album, genres: [] },
      ...{ known_from: '2025-01-01', source: 'test' },
    })),
    texts: [
      {
        ...{ text_id: 'bio', artist: 'Varokelm', published: '2025-06-01', source: 'test' },
        body: 'Varokelm are a duo. They like Patti Smith. The vocals are dreamy.',
      },
    ],
    articles: articleRows(articles),
  });
  lake = lakeSource(snapshot).tables;
  await runStage(catalogue, { inputs: { lake }, output: made('catalogue') });
  found = await runMentions('mentions');
});

afterAll(() => {
  sql.dispose();
  home.remove();
});

const made = (name: string): string => join(home.path, name);

async function runMentions(output: string): Promise<StageOutcome> {
  const inputs = { lake, catalogue: made('catalogue') };
  return runStage(mentions, { inputs, output: made(output) });
}

const rowsOf = (folder: string, table: string, select: string, rest = '') =>
  sql.rows(`SELECT ${select} FROM '${made(folder)}/${table}.parquet' ${rest}`);

const named = (select: string, where = 'true') =>
  sql.rows<Record<string, string | number | null>>(
    `SELECT ${select}
     FROM '${made('mentions')}/mentions.parquet' m
     JOIN '${made('mentions')}/documents.parquet' d USING (document_ix)
     JOIN '${made('catalogue')}/artists.parquet' a USING (artist_ix)
     LEFT JOIN '${made('catalogue')}/tracks.parquet' t USING (track_ix)
     WHERE ${where} ORDER BY ALL`,
  );

test('articles and texts say whom they name, with albums and tracks', async () => {
  const rows = await named(
    'document_id, a.name, m.album, t.title, m.mentions AS times',
    "document_id IN ('air', 'air-2', 'patti', 'bio')",
  );
  expect(rows.map((row) => Object.values(row))).toEqual([
    ['air', 'Air', 'Moon Safari', null, 1],
    ['air', 'Air', null, 'Sexy Boy', 1],
    ['air', 'Air', null, null, 2],
    ['bio', 'Patti Smith', null, null, 1],
    ['bio', 'Varokelm', null, null, 1],
    ['patti', 'Patti Smith', null, null, 2],
  ]);
});

test('the subject of a text is named for sure, and what is written badly is told from what is written well', async () => {
  const [sure] = await named('confidence', "kind = 'text' AND a.name = 'Varokelm'");
  expect(sure!['confidence']).toBe(1);
  const of = async (name: string) =>
    (
      await named(
        'avg(sentiment) AS mean',
        `a.name = '${name}' AND kind = 'article' AND m.album IS NULL AND m.track_ix IS NULL`,
      )
    )[0]!['mean'] as number;
  expect(await of('Air')).toBeLessThan(0);
  expect(await of('Quenelith')).toBeGreaterThan(0.1);
});

test('the sentences about an artist are kept, those of other languages are not', async () => {
  const sentences = (await rowsOf('mentions', 'sentences', 'sentence', 'ORDER BY sentence')).map(
    (row) => row['sentence'],
  );
  expect(sentences).toContain('Later Smith released an album.');
  expect(sentences).not.toContain('Later Smith read from a book.');
  expect(sentences.filter((sentence) => /haben/.test(sentence as string))).toEqual([]);
  const german = await named('a.name', "document_id = 'deutsch'");
  expect(german).toEqual([{ name: 'Varokelm' }]);
});

test('the funnel counts what was read and what was not', () => {
  expect(found.rowsIn).toBe(articles.length + 1);
  expect(found.dropped).toEqual({
    lyrics: 1,
    'older version of an article': 1,
    'document that names nobody': 1,
  });
});

test('the same lake gives the same bytes', async () => {
  await runMentions('again');
  for (const table of ['documents', 'mentions', 'sentences']) {
    const [one, two] = await Promise.all(
      ['mentions', 'again'].map((folder) => readFile(join(made(folder), `${table}.parquet`))),
    );
    expect(one!.equals(two!)).toBe(true);
  }
});

async function trendsAt(at: string): Promise<Record<string, number[]>> {
  const output = `trends-${at.slice(0, 10)}`;
  await runStage(trends, {
    inputs: { mentions: made('mentions') },
    options: { cutoff: at },
    output: made(output),
  });
  const rows = await sql.rows<{ name: string; this_week: number; before: number; trend: number }>(
    `SELECT name, this_week, before, trend FROM '${made(output)}/artist_trends.parquet'
     JOIN '${made('catalogue')}/artists.parquet' USING (artist_ix) ORDER BY name`,
  );
  return Object.fromEntries(rows.map((row) => [row.name, [row.this_week, row.before, row.trend]]));
}

test('an artist is in trend by the articles of the week before the cut-off only', async () => {
  const now = await trendsAt(cutoff);
  expect(now['Quenelith']!.slice(0, 2)).toEqual([4, 0]);
  expect(now['Quenelith']![2]).toBeGreaterThan(2);
  expect(now['Air']).toEqual([0, 1, 0]);
  expect((await trendsAt('2026-01-05T00:00:00.000Z'))['Quenelith']).toBeUndefined();
});

test('terms of articles are united with those of texts, and those of after the cut-off are not known', async () => {
  const termsAt = async (articlesBefore: string) => {
    const output = `text-${articlesBefore}`;
    await runStage(text, {
      inputs: { catalogue: made('catalogue'), lake, mentions: made('mentions') },
      options: { asOf: articlesBefore, articlesBefore, maxShare: 1 },
      output: made(output),
    });
    return sql.rows<{ name: string; term: string }>(
      `SELECT name, term FROM '${made(output)}/artist_terms.parquet'
       JOIN '${made('catalogue')}/artists.parquet' USING (artist_ix)
       WHERE kind = 'adjective' ORDER BY ALL`,
    );
  };
  const known = await termsAt('2026-01-12');
  expect(known).toContainEqual({ name: 'Quenelith', term: 'dreamy' });
  expect(known).toContainEqual({ name: 'Varokelm', term: 'dreamy' });
  const before = await termsAt('2026-01-05');
  expect(before.filter(({ name }) => name === 'Quenelith')).toEqual([]);
  const [album] = await sql.rows<{ album: string }>(
    `SELECT DISTINCT album FROM '${made('text-2026-01-12')}/album_terms.parquet'`,
  );
  expect(album).toBeUndefined();
});
