import { describe } from '../model/text/descriptions.ts';
import type { GenreNames, TermIndex } from '../model/text/terms.ts';
import { TermRowsBuilder } from '../model/text/tfidf.ts';
import { wordsOf } from '../model/text/tokens.ts';
import type { StageContext } from './stage.ts';

/** What is written, as terms: by artist, and by album in the order of artist and name. */
export interface WrittenTerms {
  readonly artistIxs: readonly number[];
  readonly sure: TermRowsBuilder;
  /** See `Description`. */
  readonly doubtful: TermRowsBuilder;
  readonly albums: {
    readonly artistIxs: readonly number[];
    readonly names: readonly string[];
    readonly sure: TermRowsBuilder;
    readonly doubtful: TermRowsBuilder;
  };
}

/** Weights of terms. */
interface Weighed {
  readonly sure: Map<number, number>;
  readonly doubtful: Map<number, number>;
}

/**
 * Reads the sentences of articles that were known, artist by artist. A term weighs, for each time
 * that it is said, the confidence that the artist is meant, halved every `articleHalfLifeDays` days
 * from the article to the cut-off.
 */
export async function readSentences(
  { sql, report, signal }: Pick<StageContext, 'sql' | 'report' | 'signal'>,
  terms: TermIndex,
  genres: GenreNames,
  how: { readonly articlesBefore?: string | undefined; readonly articleHalfLifeDays: number },
): Promise<WrittenTerms> {
  const before = how.articlesBefore ?? null;
  const [counts] = await sql.rows<{ known: number; later: number }>(
    `SELECT count(*) FILTER ($before IS NULL OR published < CAST($before AS DATE)) AS known,
            count(*) FILTER (published >= CAST($before AS DATE)) AS later
     FROM mentions.documents WHERE kind = 'article'`,
    { before },
  );
  report.rowsIn(counts!.known + counts!.later);
  report.dropped('article of after the cut-off', counts!.later);

  const artistIxs: number[] = [];
  const all = { sure: new TermRowsBuilder(), doubtful: new TermRowsBuilder() };
  const albums = {
    artistIxs: [] as number[],
    names: [] as string[],
    sure: new TermRowsBuilder(),
    doubtful: new TermRowsBuilder(),
  };
  let artist = { artistIx: -1, name: '', said: nothing(), albums: new Map<string, Weighed>() };
  const finish = (): void => {
    if (artist.artistIx < 0) return;
    const own = terms.find(artist.name);
    const without = (weights: Map<number, number>) =>
      new Map([...weights].filter(([term]) => term !== own));
    artistIxs.push(artist.artistIx);
    all.sure.add(without(artist.said.sure));
    all.doubtful.add(without(artist.said.doubtful));
    for (const name of [...artist.albums.keys()].sort()) {
      const said = artist.albums.get(name)!;
      albums.artistIxs.push(artist.artistIx);
      albums.names.push(name);
      albums.sure.add(without(said.sure));
      albums.doubtful.add(without(said.doubtful));
    }
  };

  const sentences = sql.stream<{
    artist_ix: number;
    name: string;
    albums: string[];
    sentence: string;
    confidence: number;
    age_days: number;
  }>(
    `SELECT s.artist_ix, a.name, s.albums, s.sentence, s.confidence,
            coalesce(date_diff('day', d.published, CAST($before AS TIMESTAMP)), 0) AS age_days
     FROM mentions.sentences s
     JOIN mentions.documents d USING (document_ix)
     JOIN catalogue.artists a USING (artist_ix)
     WHERE $before IS NULL OR d.published < CAST($before AS DATE)
     ORDER BY s.artist_ix, s.document_ix, s.nth`,
    { before },
  );
  for await (const rows of sentences) {
    signal.throwIfAborted();
    for (const row of rows) {
      if (row.artist_ix !== artist.artistIx) {
        finish();
        artist = { artistIx: row.artist_ix, name: row.name, said: nothing(), albums: new Map() };
      }
      const weight = row.confidence * 0.5 ** (row.age_days / how.articleHalfLifeDays);
      const { adjectives, doubtful, nouns } = describe(wordsOf(row.sentence), genres);
      const about = row.albums.map((name) => {
        const said = artist.albums.get(name) ?? nothing();
        artist.albums.set(name, said);
        return said;
      });
      for (const said of [artist.said, ...about]) {
        for (const term of [...adjectives, ...nouns]) add(said.sure, terms.idOf(term), weight);
        for (const term of doubtful) add(said.doubtful, terms.idOf(term), weight);
      }
    }
  }
  finish();
  return { artistIxs, ...all, albums };
}

function nothing(): Weighed {
  return { sure: new Map(), doubtful: new Map() };
}

function add(weights: Map<number, number>, term: number, weight: number): void {
  weights.set(term, (weights.get(term) ?? 0) + weight);
}
