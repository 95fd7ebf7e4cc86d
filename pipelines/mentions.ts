import { z } from 'zod';
import { footprintOf, type Footprint } from '../model/text/linking/changes.ts';
import { Linker, type LinkedText } from '../model/text/linking/link.ts';
import { sentimentOf } from '../model/text/sentiment.ts';
import { wordsOf } from '../model/text/tokens.ts';
import { CatalogueWorks, readCatalogueNames } from './catalogue-names.ts';
import { copyEarlier } from './mentions-kept.ts';
import type { Sql, SqlValue } from './ports.ts';
import { readSql } from './sql.ts';
import type { Stage, StageContext } from './stage.ts';
import { createTable, mentionTables, readingColumns } from './tables.ts';
import { nextTurn } from './turn.ts';

export const mentionsOptions = z.object({
  /** Confidence, 0..1, from which an entity counts as named. Default 0.5. */
  minConfidence: z.number().min(0).max(1).default(0.5),
  /** Likelihood, 0..1, of being the subject from which sentences that name nobody count too. Default 0.5. */
  minAbout: z.number().min(0).max(1).default(0.5),
  /** Sentences kept for each artist that an article names, the first ones. Default 40. */
  maxSentences: z.int().positive().default(40),
  /** Characters of a document that are read, the first ones. Default 50,000. */
  maxCharacters: z.int().positive().default(50_000),
  /** Only articles that were fetched on this UTC day, and no texts. Left out: all. */
  fetchedOn: z.iso.date().optional(),
});
export type MentionsOptions = z.infer<typeof mentionsOptions>;

/** Documents that are held at a time. */
const documentsAtOnce = 256;

interface DocumentRow {
  readonly document_ix: number;
  readonly kind: 'article' | 'text';
  readonly language: string | null;
  readonly subject: number | null;
  readonly read: string;
  readonly body: string;
}

type Row = readonly (SqlValue | readonly (string | number)[])[];

/**
 * Who is named in prose: artists, albums and tracks of the catalogue in the articles and texts of the
 * lake, with a confidence, and what articles say of each artist. Tables: `mentionTables`.
 *
 * The subject of a text is known: it is named with confidence 1. Articles of other languages than
 * English are searched for names; their sentences, which nobody here understands, are not kept.
 *
 * What was linked before, for another catalogue or of some days, is copied where that comes to the
 * same (`mentions-kept.ts`); beside the tables, `readings` keeps what that depends on.
 *
 * Inputs: `catalogue`, and `lake` for the bodies.
 */
export const mentions: Stage<MentionsOptions> = {
  name: 'mentions',
  // Raise it with every change in `model/text/linking`: what was linked before is copied.
  version: 3,
  options: mentionsOptions,
  async run(context) {
    const { sql, save, report, signal, options } = context;
    await sql.run('CREATE TEMP TABLE asked AS SELECT CAST($day AS DATE) AS fetched_on', {
      day: options.fetchedOn ?? null,
    });
    await sql.run(readSql(import.meta.url, 'mentions.sql'));
    await reportInputs(context);
    for (const [name, columns] of Object.entries({ ...mentionTables, readings: readingColumns })) {
      await sql.run(createTable(name, columns));
    }
    const linker = new Linker(await readCatalogueNames(sql));
    await copyEarlier(context, linker.names);
    await sql.run(
      `CREATE TEMP TABLE to_link AS
       SELECT CAST(row_number() OVER (ORDER BY document_ix) - 1 AS INTEGER) AS nth, *
       FROM to_read ANTI JOIN kept USING (document_ix) ORDER BY nth`,
    );
    const works = new CatalogueWorks(sql);
    const total = await count(sql, 'to_link');
    for (let from = 0; from < total; from += documentsAtOnce) {
      await nextTurn(signal);
      const documents = await sql.rows<DocumentRow>(
        `SELECT document_ix, kind, language, subject, read,
                left(body, ${options.maxCharacters}) AS body
         FROM to_link WHERE nth >= ${from} AND nth < ${from + documentsAtOnce} ORDER BY nth`,
      );
      const readings = documents.map(({ body }) => linker.read(body));
      await works.read(readings.flatMap(({ candidates }) => candidates));
      const rows = new DocumentRows(options);
      documents.forEach((document, n) => {
        const linked = linker.link(readings[n]!, (artist) => works.of(artist));
        rows.add(document, linked, footprintOf(readings[n]!));
      });
      await rows.write(context);
      report.progress(Math.min(total, from + documentsAtOnce), total);
    }
    report.figure('documentsLinked', total);
    report.figure('documentsKept', await count(sql, 'kept'));
    await reportNamed(context);
    for (const [name, order] of [
      ['documents', 'document_ix'],
      ['mentions', 'document_ix, artist_ix, album NULLS FIRST, track_ix NULLS FIRST'],
      ['sentences', 'artist_ix, document_ix, nth'],
    ] as const) {
      const relation =
        name === 'documents'
          ? `(SELECT r.document_ix, r.document_id, r.source, r.kind, r.published, d.sentences
              FROM to_read r JOIN documents d USING (document_ix) ORDER BY document_ix)`
          : `(SELECT * FROM ${name} ORDER BY ${order})`;
      report.rowsOut(await save(name, relation));
    }
    await save('readings', '(SELECT * FROM readings ORDER BY document_ix)');
  },
};

async function count(sql: Sql, table: string): Promise<number> {
  const [row] = await sql.rows<{ count: number }>(`SELECT count(*) AS count FROM ${table}`);
  return row!.count;
}

async function reportInputs({ sql, report }: StageContext<MentionsOptions>): Promise<void> {
  const [counts] = await sql.rows<Record<'articles' | 'texts' | 'lyrics' | 'older', number>>(
    `SELECT (SELECT count(*) FROM articles) AS articles,
            (SELECT count(*) FROM to_read WHERE kind = 'text') AS texts,
            (SELECT count(*) FROM articles WHERE kind <> 'prose') AS lyrics,
            (SELECT count(*) FROM articles WHERE kind = 'prose')
              - (SELECT count(*) FROM to_read WHERE kind = 'article') AS older`,
  );
  report.rowsIn(counts!.articles + counts!.texts);
  report.dropped('lyrics', counts!.lyrics);
  report.dropped('older version of an article', counts!.older);
}

async function reportNamed({ sql, report }: StageContext<MentionsOptions>): Promise<void> {
  const [named] = await sql.rows<Record<'artists' | 'works' | 'none' | 'texts', number>>(
    `SELECT count(*) FILTER (album IS NULL AND track_ix IS NULL) AS artists,
            count(*) FILTER (album IS NOT NULL OR track_ix IS NOT NULL) AS works,
            (SELECT count(*) FROM to_read WHERE subject IS NOT NULL) AS texts,
            (SELECT count(*) FROM to_read ANTI JOIN mentions USING (document_ix)) AS none
     FROM mentions`,
  );
  const { artists, works, none, texts } = named!;
  report.dropped('document that names nobody', none);
  // Of a text the subject is known, and not found.
  report.figure('artistsNamed', artists - texts);
  report.figure('worksNamed', works);
}

/** The rows of some documents. */
class DocumentRows {
  readonly #options: MentionsOptions;
  readonly #documents: Row[] = [];
  readonly #mentions: Row[] = [];
  readonly #sentences: Row[] = [];
  readonly #readings: Row[] = [];

  constructor(options: MentionsOptions) {
    this.#options = options;
  }

  add(
    { document_ix: ix, kind, language, subject, read }: DocumentRow,
    linked: LinkedText,
    { words, lastNames, candidates }: Footprint,
  ): void {
    this.#readings.push([ix, read, words, lastNames, candidates]);
    const { minConfidence, minAbout, maxSentences } = this.#options;
    const { scanned, artists, works } = linked;
    const numSentences = scanned.sentenceFrom.length - 1;
    const isEnglish = language === null || /^en\b/i.test(language);
    const sure = artists.filter((a) => a.confidence >= minConfidence && a.artist !== subject);
    const namesSomeone = new Set(sure.flatMap(({ sentences }) => sentences));
    this.#documents.push([ix, '', '', kind, null, numSentences]);
    if (subject !== null) {
      const found = artists.find(({ artist }) => artist === subject);
      const { mentions = 0, sentences = [] } = found ?? {};
      this.#mentions.push([ix, subject, null, null, 1, 1, mentions, sentences.length, null]);
    }
    for (const { artist, confidence, about, mentions, sentences: own } of sure) {
      const isSubject = subject === null && about >= minAbout;
      const sentences = isSubject
        ? range(numSentences).filter((nth) => own.includes(nth) || !namesSomeone.has(nth))
        : own;
      let sentiment: number | null = null;
      if (kind === 'article' && isEnglish) {
        sentiment = 0;
        const named = new Map<number, Set<string>>();
        for (const work of works) {
          if (work.artist !== artist || work.album === null || work.confidence < minConfidence)
            continue;
          for (const nth of work.sentences) {
            named.set(nth, (named.get(nth) ?? new Set()).add(work.album));
          }
        }
        for (const [n, nth] of sentences.entries()) {
          const from = scanned.sentenceFrom[nth]!;
          const text = scanned.text.slice(from, scanned.sentenceFrom[nth + 1]).trim();
          sentiment += sentimentOf(wordsOf(text)) / sentences.length;
          if (n >= maxSentences) continue;
          const albums = [...(named.get(nth) ?? [])].sort();
          this.#sentences.push([ix, artist, nth, albums, confidence, text]);
        }
      }
      const counts = [mentions, sentences.length, sentiment] as const;
      this.#mentions.push([ix, artist, null, null, confidence, about, ...counts]);
    }
    for (const { artist, album, track, confidence, mentions, sentences } of works) {
      if (confidence < minConfidence) continue;
      const which = [album, track === -1 ? null : track] as const;
      this.#mentions.push([
        ...[ix, artist, ...which, confidence, null],
        ...[mentions, sentences.length, null],
      ]);
    }
  }

  async write({ sql }: Pick<StageContext, 'sql'>): Promise<void> {
    await sql.append('documents', this.#documents);
    await sql.append('mentions', this.#mentions);
    await sql.append('sentences', this.#sentences);
    await sql.append('readings', this.#readings);
  }
}

function range(size: number): number[] {
  return Array.from({ length: size }, (_, n) => n);
}
