import { createHash } from 'node:crypto';
import { bagOfWords } from '../../model/text/bag-of-words.ts';
import { bandsOf, minHash, similarity, wordsOf } from '../../model/text/minhash.ts';
import type { EventLog } from '../intake/log.ts';
import type { ArticleRow, CrawlBook } from './ports.ts';
import { publishedAt } from './published.ts';

/** What was read, before it is known whether it is new. */
export interface ReadArticle {
  /** Canonical. */
  readonly url: string;
  /** Name of the source. */
  readonly feed: string;
  readonly title: string | null;
  /** Dates that it may have been published at, best first. */
  readonly dates: readonly (string | null)[];
  readonly language: string | null;
  readonly text: string;
  readonly isLyrics: boolean;
}

export interface Taking {
  readonly book: CrawlBook;
  readonly log: EventLog;
}

export type Taken =
  | { readonly kind: 'taken'; readonly id: string }
  /** As it was when it was last taken, or nearly. */
  | { readonly kind: 'unchanged'; readonly id: string }
  | { readonly kind: 'duplicate'; readonly of: string }
  | { readonly kind: 'skipped'; readonly reason: string };

/** What is noted of a page: how it ended, and the article that it leads to. */
export interface Outcome {
  readonly outcome: string;
  readonly article: string | null;
}

export function outcomeOf(taken: Taken): Outcome {
  switch (taken.kind) {
    case 'duplicate':
      return { outcome: `duplicate of ${taken.of}`, article: taken.of };
    case 'skipped':
      return { outcome: taken.reason, article: null };
    default:
      return { outcome: taken.kind, article: taken.id };
  }
}

/** Fewer say nothing. */
const leastWords = 20;
/** Two articles of so much in common are one (estimated Jaccard similarity of their shingles). */
const sameArticle = 0.8;
/** A new state of one article is worth a row where it has less in common with the last. */
const sameState = 0.97;
const patienceMs = 60_000;

/**
 * Takes an article into the log unless it is known, or nearly the same as another; who came first
 * stays.
 *
 * The article and its row are remembered at once, then the row goes to the log, then it counts as
 * sent. So a process that is killed loses nothing: what is unsent is sent by the next visit of its
 * source (`sendUnsent`). Killed between log and mark, the same row is sent again, to the millisecond
 * of its identity (article_id, fetched).
 *
 * @param fetchedAt - milliseconds since 1970
 */
export async function takeArticle(
  { book, log }: Taking,
  article: ReadArticle,
  fetchedAt: number,
  signal: AbortSignal,
): Promise<Taken> {
  const row = rowOf(article, fetchedAt);
  if (wordsOf(article.text).length < leastWords) {
    return { kind: 'skipped', reason: `fewer than ${leastWords} words` };
  }
  const signature = minHash(row.body);
  const bands = bandsOf(signature);
  const print = {
    id: row.article_id,
    hash: sha256(`${row.title ?? ''}\0${row.body}`),
    signature: [...signature],
  };
  const had = await book.alone(
    'take',
    patienceMs,
    async (): Promise<Taken> => {
      const known = await book.print(print.id);
      if (known === undefined) {
        const alike = await book.alike(bands);
        const other = alike.find((one) => similarity(one.signature, signature) >= sameArticle);
        if (other !== undefined) {
          await book.seen(other.id, fetchedAt);
          return { kind: 'duplicate', of: other.id };
        }
      } else if (known.hash === print.hash || similarity(known.signature, signature) >= sameState) {
        await book.seen(print.id, fetchedAt);
        return { kind: 'unchanged', id: print.id };
      }
      await book.take(print, bands, row);
      return { kind: 'taken', id: print.id };
    },
    signal,
  );
  if (had === undefined) throw new Error('another process takes articles and does not end');
  if (had.result.kind === 'taken') await send({ book, log }, row);
  return had.result;
}

/** Sends what an earlier visit of this source took and did not send. Returns how many. */
export async function sendUnsent(taking: Taking, source: string): Promise<number> {
  const rows = await taking.book.unsent(source);
  for (const row of rows) await send(taking, row);
  return rows.length;
}

async function send({ book, log }: Taking, row: ArticleRow): Promise<void> {
  const body = new TextEncoder().encode(`${JSON.stringify(row)}\n`);
  await log.append({ table: 'articles', rows: 1, body });
  await book.sent(row);
}

function rowOf(article: ReadArticle, fetchedAt: number): ArticleRow {
  const { url, feed, title, dates, language, text, isLyrics } = article;
  return {
    article_id: articleId(url),
    url,
    feed,
    title,
    published: publishedAt(dates, fetchedAt),
    fetched: new Date(fetchedAt).toISOString(),
    language,
    kind: isLyrics ? 'lyrics' : 'prose',
    body: isLyrics ? bagOfWords(text) : text,
  };
}

/** The first 32 hexadecimal digits of the SHA-256 of a canonical address. */
export function articleId(url: string): string {
  return sha256(url).slice(0, 32);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
