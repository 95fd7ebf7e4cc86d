/**
 * The crawler.
 *
 * - A **source** is what the operator named: a feed, or a page. It is **visited** when it is due.
 * - A **page** is an address that a source led to. It **waits** until it was read, once.
 * - An **article** is what a page was about: known by its canonical address, whatever address led to
 *   it. It is **taken** into the log when it is new, or has changed.
 */

/** What is known of a source between visits. Instants are milliseconds since 1970. */
export interface SourceState {
  readonly name: string;
  /** As the file said; another one there makes the source a new one. */
  readonly configuredUrl: string;
  /** Where it is by now: permanent redirects were followed. */
  readonly url: string;
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** When it is to be asked again. */
  readonly dueAt: number;
  /** When the next of its waiting pages may be read; null: none waits. */
  readonly pagesAt: number | null;
  readonly visitedAt: number | null;
  /** When it last answered as it should. */
  readonly succeededAt: number | null;
  /** When its newest article was taken. */
  readonly newestAt: number | null;
  /** In a row. */
  readonly failures: number;
  /** It failed too often, or is gone: it is tried again rarely. */
  readonly parked: { readonly at: number; readonly reason: string } | null;
  readonly lastError: { readonly at: number; readonly reason: string } | null;
  readonly counts: VisitCounts;
}

/** Of one visit, or of all. */
export interface VisitCounts {
  readonly visits: number;
  /** The source, or an article, was as it had been. */
  readonly unchanged: number;
  /** Taken into the log. */
  readonly articles: number;
  /** The same as another article, or nearly. */
  readonly duplicates: number;
  /** Pages that were not read: disallowed, missing, too large, without text. */
  readonly skipped: number;
  /** Requests that failed and may succeed later. */
  readonly failures: number;
}

export const noCounts: VisitCounts = {
  visits: 0,
  unchanged: 0,
  articles: 0,
  duplicates: 0,
  skipped: 0,
  failures: 0,
};

/** A page that waits to be read. */
export interface WaitingPage {
  /** Normalized; the page's identity. */
  readonly url: string;
  readonly source: string;
  /** Steps from the source, 1 or more. */
  readonly depth: number;
  /** What the feed says, null where it does not. Another stamp means that the page has changed. */
  readonly stamp: string | null;
  readonly title: string | null;
  readonly published: string | null;
  readonly language: string | null;
  readonly etag: string | null;
  readonly lastModified: string | null;
  readonly attempts: number;
}
export type FoundPage = Omit<WaitingPage, 'etag' | 'lastModified' | 'attempts'>;

/** How reading a page ended. */
export type PageOutcome =
  | {
      readonly kind: 'done';
      /** `taken`, or why it was not. */
      readonly outcome: string;
      /** Id of the article that it leads to, null where to none; left out: as it was. */
      readonly article?: string | null;
      readonly etag: string | null;
      readonly lastModified: string | null;
    }
  | { readonly kind: 'later'; readonly at: number; readonly attempts: number };

/** An article of the lake's table `articles`; instants are ISO 8601 with milliseconds, UTC. */
export interface ArticleRow {
  readonly article_id: string;
  readonly url: string;
  readonly feed: string;
  readonly title: string | null;
  readonly published: string;
  readonly fetched: string;
  readonly language: string | null;
  readonly kind: 'prose' | 'lyrics';
  readonly body: string;
}

/** What is kept of an article that was taken. */
export interface ArticlePrint {
  readonly id: string;
  /** SHA-256 of title and body. */
  readonly hash: string;
  /** See `minHash`. */
  readonly signature: readonly number[];
}

export interface Forgotten {
  readonly pages: number;
  readonly articles: number;
}

/** What must not be forgotten; one for all processes. */
export interface CrawlBook {
  state(source: string): Promise<SourceState | undefined>;
  states(): Promise<SourceState[]>;
  save(state: SourceState): Promise<void>;
  /**
   * Lets pages of a source wait that are unknown, or come with another stamp; the others were seen.
   * Returns how many could not be let wait, because 10,000 of the source wait already.
   */
  addPages(source: string, pages: readonly FoundPage[], at: number): Promise<number>;
  /** Pages of the source that may be read, the longest waiting first. */
  waiting(source: string, now: number, limit: number): Promise<WaitingPage[]>;
  /** When the next of its pages may be read, undefined where none waits. */
  nextPageAt(source: string): Promise<number | undefined>;
  settle(url: string, outcome: PageOutcome): Promise<void>;
  /** Of an article, by its id. */
  print(article: string): Promise<ArticlePrint | undefined>;
  /** Articles with one of these bands, by id; at most 100. */
  alike(bands: readonly string[]): Promise<ArticlePrint[]>;
  /** Remembers an article together with its row, which is unsent from now on. At once. */
  take(print: ArticlePrint, bands: readonly string[], row: ArticleRow): Promise<void>;
  /** Notes that an article, or a copy of it, was met again. */
  seen(article: string, at: number): Promise<void>;
  /**
   * Forgets pages of the source that were read and not seen since, then its articles that were not
   * seen since and that no page, of whatever source, leads to. Not those that are unsent.
   *
   * @param before - milliseconds since 1970
   */
  forget(source: string, before: number): Promise<Forgotten>;
  /**
   * The same of a source that is visited no more: what waits goes too, and the state of the source
   * with its last article.
   */
  forgetSource(source: string, before: number): Promise<Forgotten>;
  /** Rows of the source that nobody knows to be in the log. */
  unsent(source: string): Promise<ArticleRow[]>;
  sent(row: ArticleRow): Promise<void>;
  /**
   * Runs `work` while nobody else, in any process, runs work of this name. Where its holder died it
   * is free after `leaseMs`; while the work goes on it is renewed.
   *
   * @param patienceMs - how long to wait for it
   * @returns undefined where it was not had in time
   */
  alone<Result>(
    name: string,
    patienceMs: number,
    work: (signal: AbortSignal) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<{ readonly result: Result } | undefined>;
}

export interface FetchRequest {
  readonly url: string;
  readonly want: 'feed' | 'page';
  readonly etag: string | null;
  readonly lastModified: string | null;
}

export type FetchAnswer =
  | {
      readonly kind: 'fetched';
      /** After all redirects. */
      readonly url: string;
      /** Where permanent redirects led; null where there was none. */
      readonly movedTo: string | null;
      /** Media type in lower case without parameters; empty where it does not say. */
      readonly type: string;
      readonly text: string;
      readonly etag: string | null;
      readonly lastModified: string | null;
    }
  | { readonly kind: 'unchanged'; readonly movedTo: string | null }
  /** Asking again soon would be no use. `isGone`: for good. */
  | { readonly kind: 'refused'; readonly reason: string; readonly isGone: boolean }
  /** May pass. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** The host asked to be left alone until then. */
  | { readonly kind: 'resting'; readonly until: number; readonly reason: string };

/** Asks hosts politely, within limits. Rejects only when the signal aborts, or our servers fail. */
export interface Fetcher {
  fetch(request: FetchRequest, signal: AbortSignal): Promise<FetchAnswer>;
}

/** An entry of a feed. */
export interface FeedEntry {
  /** Absolute; null where it has none. */
  readonly url: string | null;
  /** Plain text. */
  readonly title: string | null;
  readonly published: string | null;
  readonly updated: string | null;
  readonly language: string | null;
  /** What the feed has of it, as plain text; null where it has none. */
  readonly text: string | null;
}
export interface Feed {
  readonly entries: readonly FeedEntry[];
}

export interface ReadPage {
  readonly title: string | null;
  /** As the page says, absolute, not checked. */
  readonly canonical: string | null;
  readonly published: string | null;
  readonly language: string | null;
  /** Paragraphs, divided by a line each; empty where it has none. */
  readonly text: string;
  /** Absolute, in order, each once. */
  readonly links: readonly string[];
  readonly isIndexed: boolean;
}

/** What was fetched cannot be read, and why. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** Makes something of what was fetched. */
export interface Readers {
  /** @throws Unreadable saying why it is no feed */
  feed(text: string, url: string): Feed;
  /** @throws Unreadable */
  page(text: string, type: string, url: string): ReadPage;
  /** The normal form of an address, null where it is none of the web. */
  normalize(url: string): string | null;
  /** The canonical address that a page may claim, else its own. */
  canonical(own: string, claimed: string | null): string;
  /** Whether two addresses are of one site. */
  isSameSite(one: string, other: string): boolean;
  /** BCP 47; null where it cannot be told. */
  language(text: string): string | null;
}
