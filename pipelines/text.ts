import { z } from 'zod';
import { albumNames } from '../model/text/albums.ts';
import { countTerms, readArticle } from '../model/text/articles.ts';
import { cosineNeighbours, strongestShared } from '../model/text/neighbours.ts';
import { isPersonalTag, isTrustedTag, mergeTags, tagKey, type Tag } from '../model/text/tags.ts';
import { genreNames, TermIndex, termKinds, type GenreNames } from '../model/text/terms.ts';
import {
  inverseDocumentFrequencies,
  TermRowsBuilder,
  tfIdf,
  type TermRows,
} from '../model/text/tfidf.ts';
import { writePlaylistMoods } from './playlist-moods.ts';
import { readSql } from './sql.ts';
import type { Stage, StageContext } from './stage.ts';
import { createTable, textTables } from './tables.ts';

export const textOptions = z.object({
  /**
   * Only texts, tags and playlist memberships dated before this day are known; null: all are,
   * dated or not. Default null.
   */
  asOf: z.iso.date().nullable().default(null),
  /** Artists that must share a term for it to count, 1 or more. Default 2. */
  minArtists: z.int().positive().default(2),
  /** Share of the artists, 0..1, above which a term tells nothing. Default 0.5. */
  maxShare: z.number().positive().max(1).default(0.5),
  /** People who must agree on a tag for one artist, unless it is a known genre or adjective. Default 2. */
  minTaggers: z.int().positive().default(2),
  /** Terms kept for each artist and album, the heaviest. Default 40. */
  termsPerArtist: z.int().positive().default(40),
  /** Default 50. */
  numNeighbours: z.int().positive().default(50),
  /** Cosine that a neighbour must exceed, 0..1. Default 0.05. */
  minSimilarity: z.number().min(0).max(1).default(0.05),
});
export type TextOptions = z.infer<typeof textOptions>;

/** Documents: row d of `counts` is about `artistIxs[d]`, ascending. */
interface Documents {
  readonly artistIxs: Int32Array;
  readonly counts: TermRows;
}

/** Row a of `counts` is about the album `names[a]` of `artistIxs[a]`. */
interface AlbumDocuments {
  readonly artistIxs: readonly number[];
  readonly names: readonly string[];
  readonly counts: TermRows;
}

/**
 * The text features: what is written about artists and albums, as adjectives and terms weighed by
 * TF-IDF; for each artist the nearest by it; and the moods of playlists. Tables: `textTables`.
 *
 * Inputs: `catalogue`, and `lake` for the bodies of the texts.
 */
export const text: Stage<TextOptions> = {
  name: 'text',
  version: 1,
  options: textOptions,
  async run(context) {
    const { options, sql, report } = context;
    await sql.run('CREATE TEMP TABLE at AS SELECT CAST($asOf AS DATE) AS as_of', {
      asOf: options.asOf,
    });
    await sql.run(readSql(import.meta.url, 'text.sql'));
    await reportInputs(context);

    const tags = await readTags(context);
    const terms = new TermIndex(tags.byKey);
    const tagged = await countTags(context, terms, tags.keyOf);
    const written = await readTexts(context, terms, await genresOf(context, tags.byKey));
    const documents = mergeDocuments(tagged, written.documents, terms.size);
    report.figure('artistsWithTerms', documents.artistIxs.length);
    report.figure('terms', terms.size);

    const weighing = {
      minDocuments: options.minArtists,
      maxShare: options.maxShare,
      termsPerDocument: options.termsPerArtist,
    };
    const idf = inverseDocumentFrequencies(documents.counts, weighing);
    const weights = tfIdf(documents.counts, idf, weighing);
    await writeArtistTerms(context, terms, documents.artistIxs, weights);
    await writeAlbumTerms(
      context,
      terms,
      written.albums,
      tfIdf(written.albums.counts, idf, weighing),
    );
    await writeNeighbours(context, terms, documents.artistIxs, weights);
    await writePlaylistMoods(context);
  },
};

async function reportInputs({ sql, report }: StageContext<TextOptions>): Promise<void> {
  const [counts] = await sql.rows<Record<'tags' | 'texts' | 'laterTags' | 'laterTexts', number>>(
    `SELECT (SELECT count(*) FROM catalogue.artist_tags) AS tags,
            (SELECT count(*) FROM catalogue.texts) AS texts,
            (SELECT count(*) FROM catalogue.artist_tags CROSS JOIN at
             WHERE as_of IS NOT NULL AND NOT coalesce(tagged < as_of, false)) AS "laterTags",
            (SELECT count(*) FROM catalogue.texts CROSS JOIN at
             WHERE as_of IS NOT NULL AND NOT coalesce(published < as_of, false)) AS "laterTexts"`,
  );
  report.rowsIn(counts!.tags + counts!.texts);
  report.dropped('tag not known before the cut-off', counts!.laterTags);
  report.dropped('text not known before the cut-off', counts!.laterTexts);
}

/** The tags that say something about music, spellings merged. */
async function readTags({
  sql,
  options,
  report,
}: StageContext<TextOptions>): Promise<{ byKey: Map<string, Tag>; keyOf: Map<string, string> }> {
  const spellings = await sql.rows<{ tag: string; taggers: number; rows: number }>(
    `SELECT tag, CAST(sum(taggers) AS INTEGER) AS taggers, CAST(count(*) AS INTEGER) AS rows
     FROM known_tags GROUP BY tag ORDER BY tag`,
  );
  const musical = spellings.filter(({ tag }) => !isPersonalTag(tag));
  const rowsOf = (list: readonly { rows: number }[]) =>
    list.reduce((sum, { rows }) => sum + rows, 0);
  report.dropped('personal tag', rowsOf(spellings) - rowsOf(musical));

  await sql.run('CREATE TEMP TABLE tag_keys (tag VARCHAR, tag_key VARCHAR)');
  await sql.append(
    'tag_keys',
    musical.map(({ tag }) => [tag, tagKey(tag)]),
  );
  await sql.run(
    `CREATE TEMP TABLE keyed_tags AS
     SELECT artist_ix, tag_key, CAST(sum(taggers) AS INTEGER) AS taggers
     FROM known_tags JOIN tag_keys USING (tag)
     GROUP BY artist_ix, tag_key`,
  );
  const agreed = new Set<string>();
  const most = await sql.rows<{ tag_key: string; agreeing: number }>(
    'SELECT tag_key, max(taggers) AS agreeing FROM keyed_tags GROUP BY tag_key ORDER BY tag_key',
  );
  for (const { tag_key, agreeing } of most) {
    if (agreeing >= options.minTaggers || isTrustedTag(tag_key)) agreed.add(tag_key);
  }
  const kept = musical.filter(({ tag }) => agreed.has(tagKey(tag)));
  report.dropped('tag nobody else gave', rowsOf(musical) - rowsOf(kept));
  return {
    byKey: mergeTags(kept.map(({ tag, taggers }) => [tag, taggers])),
    keyOf: new Map(kept.map(({ tag }) => [tag, tagKey(tag)])),
  };
}

/** For each artist with tags: by term, how many people gave it. */
async function countTags(
  { sql }: StageContext<TextOptions>,
  terms: TermIndex,
  keyOf: ReadonlyMap<string, string>,
): Promise<Documents> {
  const keys = [...new Set(keyOf.values())].sort();
  await sql.run('CREATE TEMP TABLE tag_terms (tag_key VARCHAR, term INTEGER)');
  await sql.append(
    'tag_terms',
    keys.map((key) => [key, terms.idOf(key)]),
  );
  const rows = await sql.columns<'artist_ix' | 'term' | 'taggers'>(
    `SELECT artist_ix, term, taggers FROM keyed_tags JOIN tag_terms USING (tag_key)
     ORDER BY artist_ix, term`,
  );
  const own = await ownNames(sql, terms, 'keyed_tags');
  const builder = new TermRowsBuilder();
  const artistIxs: number[] = [];
  for (let at = 0; at < rows.artist_ix.length;) {
    const artistIx = rows.artist_ix[at]!;
    const counts = new Map<number, number>();
    for (; at < rows.artist_ix.length && rows.artist_ix[at] === artistIx; at++) {
      counts.set(rows.term[at]!, rows.taggers[at]!);
    }
    counts.delete(own.get(artistIx) ?? -1);
    builder.add(counts);
    artistIxs.push(artistIx);
  }
  return { artistIxs: Int32Array.from(artistIxs), counts: builder.build(terms.size) };
}

/** The terms that are the artist's own name, which describe nothing. */
async function ownNames(
  sql: StageContext['sql'],
  terms: TermIndex,
  table: string,
): Promise<Map<number, number>> {
  const own = new Map<number, number>();
  const names = sql.stream<{ artist_ix: number; name: string }>(
    `SELECT artist_ix, name FROM catalogue.artists
     WHERE artist_ix IN (SELECT artist_ix FROM ${table}) ORDER BY artist_ix`,
  );
  for await (const rows of names) {
    for (const { artist_ix, name } of rows) {
      const term = terms.find(name);
      if (term !== undefined) own.set(artist_ix, term);
    }
  }
  return own;
}

/** What prose may call a genre: the catalogue's genres, and tags of several artists. */
async function genresOf(
  { sql }: StageContext<TextOptions>,
  tags: ReadonlyMap<string, Tag>,
): Promise<GenreNames> {
  const genres = await sql.rows<{ genre: string }>(
    `SELECT DISTINCT genre FROM (SELECT unnest(genres) AS genre FROM catalogue.tracks) ORDER BY genre`,
  );
  const shared = [...tags.values()].filter(({ taggers }) => taggers >= 3).map(({ name }) => name);
  return genreNames([...shared.sort(), ...genres.map(({ genre }) => genre)]);
}

/** Reads the articles, artist by artist; their bodies pass through. */
async function readTexts(
  { sql, report, signal }: StageContext<TextOptions>,
  terms: TermIndex,
  genres: GenreNames,
): Promise<{ documents: Documents; albums: AlbumDocuments }> {
  const artistIxs: number[] = [];
  const documents = new TermRowsBuilder();
  const albums = new TermRowsBuilder();
  const albumArtists: number[] = [];
  const albumOf: string[] = [];

  let current: { artistIx: number; name: string; terms: number[]; albums: Map<string, number[]> };
  current = { artistIx: -1, name: '', terms: [], albums: new Map() };
  const finish = () => {
    if (current.artistIx < 0) return;
    const own = terms.find(current.name);
    const others = (ids: readonly number[]) => countTerms(ids.filter((id) => id !== own));
    artistIxs.push(current.artistIx);
    documents.add(others(current.terms));
    for (const album of [...current.albums.keys()].sort()) {
      albums.add(others(current.albums.get(album)!));
      albumArtists.push(current.artistIx);
      albumOf.push(album);
    }
  };

  const [total] = await sql.rows<{ texts: number }>('SELECT count(*) AS texts FROM known_texts');
  const bodies = sql.stream<{ artist_ix: number; name: string; albums: string[]; body: string }>(
    `SELECT artist_ix, a.name, coalesce(albums, []) AS albums, l.body
     FROM known_texts t
     JOIN catalogue.artists a USING (artist_ix)
     LEFT JOIN artist_albums USING (artist_ix)
     JOIN lake.texts l ON l.source = t.source AND l.text_id = t.text_id
     ORDER BY artist_ix, t.source, t.text_id, l.body`,
  );
  let done = 0;
  for await (const rows of bodies) {
    for (const row of rows) {
      signal.throwIfAborted();
      if (row.artist_ix !== current.artistIx) {
        finish();
        current = { artistIx: row.artist_ix, name: row.name, terms: [], albums: new Map() };
      }
      const article = readArticle(row.body, genres, albumNames(row.name, row.albums));
      for (const term of article.terms) current.terms.push(terms.idOf(term));
      for (const [album, said] of article.albums) {
        const ids = current.albums.get(album) ?? [];
        for (const term of said) ids.push(terms.idOf(term));
        current.albums.set(album, ids);
      }
      done++;
    }
    report.progress(done, total!.texts);
  }
  finish();
  return {
    documents: { artistIxs: Int32Array.from(artistIxs), counts: documents.build(terms.size) },
    albums: { artistIxs: albumArtists, names: albumOf, counts: albums.build(terms.size) },
  };
}

/** One document for each artist of either, the counts of a term added. */
function mergeDocuments(a: Documents, b: Documents, numTerms: number): Documents {
  const builder = new TermRowsBuilder();
  const artistIxs: number[] = [];
  let rowA = 0;
  let rowB = 0;
  while (rowA < a.artistIxs.length || rowB < b.artistIxs.length) {
    const artistIx = Math.min(a.artistIxs[rowA] ?? Infinity, b.artistIxs[rowB] ?? Infinity);
    const counts = new Map<number, number>();
    if (a.artistIxs[rowA] === artistIx) addRow(counts, a.counts, rowA++);
    if (b.artistIxs[rowB] === artistIx) addRow(counts, b.counts, rowB++);
    builder.add(counts);
    artistIxs.push(artistIx);
  }
  return { artistIxs: Int32Array.from(artistIxs), counts: builder.build(numTerms) };
}

function addRow(counts: Map<number, number>, rows: TermRows, row: number): void {
  for (let at = rows.offsets[row]!; at < rows.offsets[row + 1]!; at++) {
    const term = rows.terms[at]!;
    counts.set(term, (counts.get(term) ?? 0) + rows.values[at]!);
  }
}

async function writeArtistTerms(
  context: StageContext<TextOptions>,
  terms: TermIndex,
  artistIxs: Int32Array,
  weights: TermRows,
): Promise<void> {
  const { sql, report } = context;
  await sql.run(createTable('artist_terms', textTables.artist_terms));
  await sql.append(
    'artist_terms',
    (function* () {
      for (let row = 0; row < artistIxs.length; row++) {
        for (let at = weights.offsets[row]!; at < weights.offsets[row + 1]!; at++) {
          const term = weights.terms[at]!;
          yield [artistIxs[row]!, terms.nameOf(term), terms.kindOf(term), weights.values[at]!];
        }
      }
    })(),
  );
  report.rowsOut(
    await context.save(
      'artist_terms',
      '(SELECT * FROM artist_terms ORDER BY artist_ix, weight DESC, term)',
    ),
  );
}

async function writeAlbumTerms(
  context: StageContext<TextOptions>,
  terms: TermIndex,
  albums: AlbumDocuments,
  weights: TermRows,
): Promise<void> {
  const { sql, report } = context;
  await sql.run(createTable('album_terms', textTables.album_terms));
  await sql.append(
    'album_terms',
    (function* () {
      for (let row = 0; row < albums.names.length; row++) {
        for (let at = weights.offsets[row]!; at < weights.offsets[row + 1]!; at++) {
          const term = weights.terms[at]!;
          const named = [terms.nameOf(term), terms.kindOf(term)] as const;
          yield [albums.artistIxs[row]!, albums.names[row]!, ...named, weights.values[at]!];
        }
      }
    })(),
  );
  report.figure('albumsNamed', albums.names.length);
  report.rowsOut(
    await context.save(
      'album_terms',
      '(SELECT * FROM album_terms ORDER BY artist_ix, album, weight DESC, term)',
    ),
  );
}

async function writeNeighbours(
  context: StageContext<TextOptions>,
  terms: TermIndex,
  artistIxs: Int32Array,
  weights: TermRows,
): Promise<void> {
  const { sql, report, options, signal } = context;
  signal.throwIfAborted();
  const near = cosineNeighbours(weights, options);
  const rankOf = Uint8Array.from({ length: terms.size }, (_, id) =>
    termKinds.indexOf(terms.kindOf(id)),
  );
  await sql.run(createTable('artist_neighbours', textTables.artist_neighbours));
  await sql.append(
    'artist_neighbours',
    (function* () {
      for (let row = 0; row < artistIxs.length; row++) {
        for (let at = near.offsets[row]!; at < near.offsets[row + 1]!; at++) {
          const other = near.neighbours[at]!;
          const shared = terms.nameOf(strongestShared(weights, row, other, rankOf));
          yield [artistIxs[row]!, artistIxs[other]!, near.similarities[at]!, shared];
        }
      }
    })(),
  );
  report.rowsOut(
    await context.save(
      'artist_neighbours',
      '(SELECT * FROM artist_neighbours ORDER BY artist_ix, similarity DESC, neighbour_ix)',
    ),
  );
}
