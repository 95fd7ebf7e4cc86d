import { z } from 'zod';
import { cosineNeighbours, strongestShared } from '../model/text/neighbours.ts';
import { termKinds, type TermIndex } from '../model/text/terms.ts';
import { inverseDocumentFrequencies, tfIdf, type TermRows } from '../model/text/tfidf.ts';
import { writePlaylistMoods } from './playlist-moods.ts';
import { readSql } from './sql.ts';
import type { Stage, StageContext } from './stage.ts';
import { createTable, textTables } from './tables.ts';
import { readCorpus, type AlbumDocuments } from './text-documents.ts';

export const textOptions = z.object({
  /**
   * Only texts, tags and playlist memberships dated before this day are known; null: all are,
   * dated or not. Default null.
   */
  asOf: z.iso.date().nullable().default(null),
  /**
   * Only articles dated before this day are known; with the input `mentions`. Left out: all are.
   */
  articlesBefore: z.iso.date().optional(),
  /** Days after which what an article says counts half. Default 90. */
  articleHalfLifeDays: z.number().positive().default(90),
  /** Artists that must share a term for it to count, 1 or more. Default 2. */
  minArtists: z.int().positive().default(2),
  /** Share of the artists, 0..1, above which a term tells nothing. Default 0.5. */
  maxShare: z.number().positive().max(1).default(0.5),
  /** People who must agree on a tag for one artist, unless it is a known genre. Default 2. */
  minTaggers: z.int().positive().default(2),
  /** Share of an artist's most given tag, 0..1, that another must reach. Default 0.04. */
  minTagShare: z.number().min(0).max(1).default(0.04),
  /** Terms kept for each artist and album, the heaviest. Default 40. */
  termsPerArtist: z.int().positive().default(40),
  /** Default 50. */
  numNeighbours: z.int().positive().default(50),
  /** Cosine that a neighbour must exceed, 0..1. Default 0.05. */
  minSimilarity: z.number().min(0).max(1).default(0.05),
});
export type TextOptions = z.infer<typeof textOptions>;

/**
 * The text features: what is written about artists and albums, as adjectives and terms weighed by
 * TF-IDF; for each artist the nearest by it; and the moods of playlists. Tables: `textTables`.
 *
 * What articles say counts the less the older they are, and by the confidence that they mean the
 * artist.
 *
 * Inputs: `catalogue`, `lake` for the bodies of the texts, and `mentions` where there are articles.
 */
export const text: Stage<TextOptions> = {
  name: 'text',
  version: 2,
  options: textOptions,
  async run(context) {
    const { options, sql } = context;
    await sql.run('CREATE TEMP TABLE cut AS SELECT CAST($asOf AS DATE) AS as_of', {
      asOf: options.asOf,
    });
    await sql.run(readSql(import.meta.url, 'text.sql'));
    await reportInputs(context);

    const { terms, artists, albums } = await readCorpus(context, options);
    context.report.figure('artistsRead', artists.ids.length);
    context.report.figure('albumsNamed', albums.names.length);
    const weighing = {
      minDocuments: options.minArtists,
      maxShare: options.maxShare,
      termsPerDocument: options.termsPerArtist,
    };
    const idf = inverseDocumentFrequencies(artists.rows, weighing);
    const weights = tfIdf(artists.rows, idf, weighing);
    await writeArtistTerms(context, terms, artists.ids, weights);
    await writeAlbumTerms(context, terms, albums, tfIdf(albums.rows, idf, weighing));
    await writeNeighbours(context, terms, artists.ids, weights);
    await writePlaylistMoods(context);
  },
};

async function reportInputs({ sql, report }: StageContext<TextOptions>): Promise<void> {
  const [counts] = await sql.rows<Record<'tags' | 'texts' | 'laterTags' | 'laterTexts', number>>(
    `SELECT (SELECT count(*) FROM catalogue.artist_tags) AS tags,
            (SELECT count(*) FROM catalogue.texts) AS texts,
            (SELECT count(*) FROM catalogue.artist_tags CROSS JOIN cut
             WHERE as_of IS NOT NULL AND NOT coalesce(tagged < as_of, false)) AS "laterTags",
            (SELECT count(*) FROM catalogue.texts CROSS JOIN cut
             WHERE as_of IS NOT NULL AND NOT coalesce(published < as_of, false)) AS "laterTexts"`,
  );
  report.rowsIn(counts!.tags + counts!.texts);
  report.dropped('tag not known before the cut-off', counts!.laterTags);
  report.dropped('text not known before the cut-off', counts!.laterTexts);
}

async function writeArtistTerms(
  context: StageContext<TextOptions>,
  terms: TermIndex,
  artistIxs: ArrayLike<number>,
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
  artistIxs: ArrayLike<number>,
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
