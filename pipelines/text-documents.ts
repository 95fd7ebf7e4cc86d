import { albumNames } from '../model/text/albums.ts';
import { readArticle } from '../model/text/articles.ts';
import { readSentences, type WrittenTerms } from './text-sentences.ts';
import { isKnownGenre, isPersonalTag, mergeTags, tagKey, type Tag } from '../model/text/tags.ts';
import { genreNames, TermIndex, type GenreNames } from '../model/text/terms.ts';
import {
  countTerms,
  documentFrequencies,
  keepTerms,
  mergeRows,
  TermRowsBuilder,
  type TermRows,
} from '../model/text/tfidf.ts';
import { musicAdjectives } from '../model/text/vocabulary.ts';
import type { StageContext } from './stage.ts';

type Context = Pick<StageContext, 'sql' | 'report' | 'signal' | 'inputNames'>;

/** Row d of `rows` counts the terms of artist `ids[d]`; ids ascend. */
interface ArtistDocuments {
  readonly ids: ArrayLike<number>;
  readonly rows: TermRows;
}

/** Row a of `rows` counts the terms of the album `names[a]` of artist `artistIxs[a]`. */
export interface AlbumDocuments {
  readonly artistIxs: readonly number[];
  readonly names: readonly string[];
  readonly rows: TermRows;
}

export interface Corpus {
  readonly terms: TermIndex;
  readonly artists: ArtistDocuments;
  readonly albums: AlbumDocuments;
}

/**
 * The corpus: for each artist all texts and tags as one document, and for each album that a text
 * names what stands around its name. Reads the tables of `text.sql`.
 * @param options - see `textOptions`
 */
export async function readCorpus(
  context: Context,
  {
    minTaggers,
    minTagShare,
    articlesBefore,
    articleHalfLifeDays,
  }: {
    minTaggers: number;
    minTagShare: number;
    articlesBefore?: string | undefined;
    articleHalfLifeDays: number;
  },
): Promise<Corpus> {
  const tags = await readTags(context, minTaggers);
  const terms = new TermIndex(tags);
  const tagged = await countTags(context, terms, tags, minTagShare);
  const genres = await genresOf(context, tags);
  const written = await readTexts(context, terms, genres);
  const articles: WrittenTerms | undefined = context.inputNames.includes('mentions')
    ? await readSentences(context, terms, genres, { articlesBefore, articleHalfLifeDays })
    : undefined;

  // A doubtful adjective counts where listeners tag with it, the vocabulary holds it, or it is
  // said of sound itself about two artists.
  const numTerms = terms.size;
  const ofTexts = { ids: written.artistIxs, rows: written.sure.build(numTerms) };
  const sure =
    articles === undefined
      ? ofTexts
      : mergeRows(
          [ofTexts, { ids: articles.artistIxs, rows: articles.sure.build(numTerms) }],
          numTerms,
        );
  const numArtistsOf = documentFrequencies({ ...sure.rows, numTerms });
  const isProven = (term: number) =>
    numArtistsOf[term]! >= 2 || terms.isTag(term) || musicAdjectives.has(terms.nameOf(term));
  const artists = mergeRows(
    [
      tagged,
      sure,
      { ids: written.artistIxs, rows: keepTerms(written.doubtful.build(numTerms), isProven) },
      ...(articles === undefined
        ? []
        : [
            {
              ids: articles.artistIxs,
              rows: keepTerms(articles.doubtful.build(numTerms), isProven),
            },
          ]),
    ],
    numTerms,
  );
  const writings = articles === undefined ? [written.albums] : [written.albums, articles.albums];
  const all = numberAlbums(writings);
  const { rows } = mergeRows(
    writings.flatMap(({ sure, doubtful }, n) => [
      { ids: all.idsOf[n]!, rows: sure.build(numTerms) },
      { ids: all.idsOf[n]!, rows: keepTerms(doubtful.build(numTerms), isProven) },
    ]),
    numTerms,
  );
  return { terms, artists, albums: { artistIxs: all.artistIxs, names: all.names, rows } };
}

/** One number for each album of any of the sources, which stand by artist and then by name. */
function numberAlbums(
  sources: readonly { readonly artistIxs: readonly number[]; readonly names: readonly string[] }[],
): { artistIxs: number[]; names: string[]; idsOf: number[][] } {
  const next = sources.map(() => 0);
  const all = {
    artistIxs: [] as number[],
    names: [] as string[],
    idsOf: sources.map((): number[] => []),
  };
  for (;;) {
    let least: { artist: number; name: string } | undefined;
    for (const [s, { artistIxs, names }] of sources.entries()) {
      const at = next[s]!;
      if (at === names.length) continue;
      const [artist, name] = [artistIxs[at]!, names[at]!];
      const comesFirst =
        least === undefined ||
        artist < least.artist ||
        (artist === least.artist && name < least.name);
      if (comesFirst) least = { artist, name };
    }
    if (least === undefined) return all;
    for (const [s, { artistIxs, names }] of sources.entries()) {
      if (artistIxs[next[s]!] !== least.artist || names[next[s]!] !== least.name) continue;
      all.idsOf[s]!.push(all.names.length);
      next[s]!++;
    }
    all.artistIxs.push(least.artist);
    all.names.push(least.name);
  }
}

/** The tags that say something about music, spellings merged, by key. Makes `keyed_tags`. */
async function readTags(
  { sql, report }: Context,
  minTaggers: number,
): Promise<ReadonlyMap<string, Tag>> {
  const spellings = await sql.rows<{ tag: string; taggers: number; rows: number }>(
    `SELECT tag, CAST(sum(taggers) AS INTEGER) AS taggers, CAST(count(*) AS INTEGER) AS rows
     FROM known_tags GROUP BY tag ORDER BY tag`,
  );
  const musical = spellings.filter(({ tag }) => !isPersonalTag(tag));
  const names = await sql.rows<{ artist_ix: number; name: string }>(
    `SELECT artist_ix, name FROM catalogue.artists
     WHERE artist_ix IN (SELECT artist_ix FROM known_tags) ORDER BY artist_ix`,
  );
  await sql.run(
    `CREATE TEMP TABLE tag_keys (tag VARCHAR, tag_key VARCHAR);
     CREATE TEMP TABLE artist_keys (artist_ix INTEGER, tag_key VARCHAR)`,
  );
  await sql.append('tag_keys', spellingKeys(musical));
  await sql.append(
    'artist_keys',
    names.map(({ artist_ix, name }) => [artist_ix, tagKey(name)]),
  );
  await sql.run(
    `CREATE TEMP TABLE keyed_tags AS
     SELECT artist_ix, tag_key, CAST(sum(taggers) AS INTEGER) AS taggers
     FROM known_tags JOIN tag_keys USING (tag)
     GROUP BY artist_ix, tag_key`,
  );
  const keys = await sql.rows<{ tag_key: string; agreeing: number; named: boolean }>(
    `SELECT tag_key, max(taggers) AS agreeing,
            coalesce(sum(taggers) FILTER (WHERE n.artist_ix IS NOT NULL) * 20 >= sum(taggers), false)
              AS named
     FROM keyed_tags LEFT JOIN artist_keys n USING (artist_ix, tag_key)
     GROUP BY tag_key ORDER BY tag_key`,
  );
  // A tag is an artist's name where that artist has at least a twentieth of its uses; "soundtrack"
  // and "cute" are names of artists too.
  const wanted = new Set<string>();
  const artistNames = new Set<string>();
  for (const { tag_key: key, agreeing, named } of keys) {
    if (isKnownGenre(key)) wanted.add(key);
    else if (named) artistNames.add(key);
    else if (agreeing >= minTaggers) wanted.add(key);
  }
  const numRows = (keep: (tag: string) => boolean) =>
    spellings.filter(({ tag }) => keep(tag)).reduce((sum, { rows }) => sum + rows, 0);
  const isMusical = new Set(musical.map(({ tag }) => tag));
  report.dropped(
    'personal tag',
    numRows((tag) => !isMusical.has(tag)),
  );
  report.dropped(
    'name of an artist as tag',
    numRows((tag) => isMusical.has(tag) && artistNames.has(tagKey(tag))),
  );
  report.dropped(
    'tag that nobody else gave',
    numRows((tag) => {
      const key = tagKey(tag);
      return isMusical.has(tag) && !artistNames.has(key) && !wanted.has(key);
    }),
  );
  return mergeTags(
    musical.filter(({ tag }) => wanted.has(tagKey(tag))).map(({ tag, taggers }) => [tag, taggers]),
  );
}

function* spellingKeys(spellings: readonly { tag: string }[]): Generator<[string, string]> {
  for (const { tag } of spellings) yield [tag, tagKey(tag)];
}

/** For each artist with tags: by term, how many people gave it. */
async function countTags(
  { sql }: Context,
  terms: TermIndex,
  tags: ReadonlyMap<string, Tag>,
  minTagShare: number,
): Promise<ArtistDocuments> {
  await sql.run('CREATE TEMP TABLE tag_terms (tag_key VARCHAR, term INTEGER)');
  const keys = [...tags.keys()].sort();
  await sql.append(
    'tag_terms',
    keys.map((key) => [key, terms.idOf(key)]),
  );
  const tagged = await sql.columns<'artist_ix' | 'term' | 'taggers'>(
    `SELECT artist_ix, term, taggers FROM keyed_tags JOIN tag_terms USING (tag_key)
     ORDER BY artist_ix, term`,
  );
  const builder = new TermRowsBuilder();
  const ids: number[] = [];
  for (let at = 0; at < tagged.artist_ix.length;) {
    const artistIx = tagged.artist_ix[at]!;
    let end = at;
    let most = 0;
    for (; tagged.artist_ix[end] === artistIx; end++) most = Math.max(most, tagged.taggers[end]!);
    const counts = new Map<number, number>();
    for (; at < end; at++) {
      if (tagged.taggers[at]! >= minTagShare * most) {
        counts.set(tagged.term[at]!, tagged.taggers[at]!);
      }
    }
    builder.add(counts);
    ids.push(artistIx);
  }
  return { ids, rows: builder.build(terms.size) };
}

/** What prose may call a genre: names of the catalogue's genres, and tags of three people. */
async function genresOf({ sql }: Context, tags: ReadonlyMap<string, Tag>): Promise<GenreNames> {
  const genres = await sql.rows<{ genre: string }>(
    `SELECT DISTINCT genre FROM (SELECT unnest(genres) AS genre FROM catalogue.tracks)
     WHERE genre IS NOT NULL ORDER BY genre`,
  );
  const shared = [...tags.values()].filter(({ taggers }) => taggers >= 3).map(({ name }) => name);
  return genreNames([...shared.sort(), ...genres.map(({ genre }) => genre)]);
}

/** Term ids said of an artist or album. */
interface Ids {
  readonly sure: number[];
  readonly doubtful: number[];
}

/** Reads the articles, artist by artist; their bodies pass through. */
async function readTexts(
  { sql, report, signal }: Context,
  terms: TermIndex,
  genres: GenreNames,
): Promise<WrittenTerms> {
  const artistIxs: number[] = [];
  const albumArtists: number[] = [];
  const albumsNamed: string[] = [];
  const sure = new TermRowsBuilder();
  const doubtful = new TermRowsBuilder();
  const albums = { sure: new TermRowsBuilder(), doubtful: new TermRowsBuilder() };

  let artist = { artistIx: -1, name: '', said: noIds(), albums: new Map<string, Ids>() };
  const finish = () => {
    if (artist.artistIx < 0) return;
    const own = terms.find(artist.name);
    const count = (ids: readonly number[]) => countTerms(ids.filter((id) => id !== own));
    artistIxs.push(artist.artistIx);
    sure.add(count(artist.said.sure));
    doubtful.add(count(artist.said.doubtful));
    for (const name of [...artist.albums.keys()].sort()) {
      const said = artist.albums.get(name)!;
      albumArtists.push(artist.artistIx);
      albumsNamed.push(name);
      albums.sure.add(count(said.sure));
      albums.doubtful.add(count(said.doubtful));
    }
  };

  const [total] = await sql.rows<{ texts: number }>('SELECT count(*) AS texts FROM known_texts');
  const bodies = sql.stream<{ artist_ix: number; name: string; albums: string[]; body: string }>(
    `SELECT artist_ix, a.name, coalesce(b.albums, []) AS albums, l.body
     FROM known_texts t
     JOIN catalogue.artists a USING (artist_ix)
     LEFT JOIN artist_albums b USING (artist_ix)
     JOIN lake.texts l ON l.source = t.source AND l.text_id = t.text_id
     ORDER BY artist_ix, t.source, t.text_id, l.body`,
  );
  let done = 0;
  for await (const rows of bodies) {
    for (const row of rows) {
      signal.throwIfAborted();
      if (row.artist_ix !== artist.artistIx) {
        finish();
        artist = { artistIx: row.artist_ix, name: row.name, said: noIds(), albums: new Map() };
      }
      const article = readArticle(row.body, genres, albumNames(row.name, row.albums));
      addIds(artist.said, article, terms);
      for (const [name, said] of article.albums) {
        const ids = artist.albums.get(name) ?? noIds();
        artist.albums.set(name, ids);
        addIds(ids, said, terms);
      }
    }
    report.progress((done += rows.length), total!.texts);
  }
  finish();
  return {
    artistIxs,
    sure,
    doubtful,
    albums: { artistIxs: albumArtists, names: albumsNamed, ...albums },
  };
}

function noIds(): Ids {
  return { sure: [], doubtful: [] };
}

function addIds(
  ids: Ids,
  said: { readonly terms: readonly string[]; readonly doubtful: readonly string[] },
  terms: TermIndex,
): void {
  for (const term of said.terms) ids.sure.push(terms.idOf(term));
  for (const term of said.doubtful) ids.doubtful.push(terms.idOf(term));
}
