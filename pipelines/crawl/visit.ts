import type { EventLog } from '../intake/log.ts';
import type { Clock, Log } from '../ports.ts';
import { added, failed, moved, rests, stateOf, succeeded } from './course.ts';
import {
  noCounts,
  Unreadable,
  type CrawlBook,
  type FeedEntry,
  type FetchAnswer,
  type Fetcher,
  type FoundPage,
  type Readers,
  type ReadPage,
  type SourceState,
  type VisitCounts,
  type WaitingPage,
} from './ports.ts';
import type { CrawlSource } from './sources-file.ts';
import { outcomeOf, sendUnsent, takeArticle, type Outcome, type ReadArticle } from './take.ts';

export interface Crawling {
  readonly book: CrawlBook;
  readonly fetcher: Fetcher;
  readonly readers: Readers;
  readonly events: EventLog;
  readonly clock: Clock;
  readonly log: Log;
  /** See `CrawlFile`. */
  readonly rememberDays: number;
}

/** A page that failed is read again after 10 minutes, 1, 4 and 12 hours, then no more. */
const pagePausesMs = [10, 60, 240, 720].map((minutes) => minutes * 60_000);
const dayMs = 24 * 3_600_000;

/**
 * Visits a source that is due: sends what an earlier visit left unsent, asks the source, lets what it
 * names wait, and reads of what waits as much as one visit may. Call it while nobody else visits
 * this source. Killed at any point, the next visit goes on from there.
 *
 * @returns the state that it left, undefined where nothing was due
 */
export async function visitSource(
  crawling: Crawling,
  source: CrawlSource,
  signal: AbortSignal,
): Promise<SourceState | undefined> {
  const { book, clock, log } = crawling;
  const before = stateOf(await book.state(source.name), source);
  const now = clock();
  if (dueAtOf(before) > now) return undefined;
  const visit = new Visit(crawling, source, before, signal);
  const resent = await sendUnsent({ book, log: crawling.events }, source.name);
  if (resent > 0) log.info({ source: source.name, articles: resent }, 'sent what was unsent');
  if (before.dueAt <= now) await visit.askSource();
  await visit.readWaiting();
  return visit.finish();
}

/** When a source is to be visited: to be asked itself, or for the pages that wait. */
export function dueAtOf({ dueAt, pagesAt }: Pick<SourceState, 'dueAt' | 'pagesAt'>): number {
  return Math.min(dueAt, pagesAt ?? Infinity);
}

const counted = {
  taken: 'articles',
  unchanged: 'unchanged',
  duplicate: 'duplicates',
  skipped: 'skipped',
} as const;

class Visit {
  readonly #crawling: Crawling;
  readonly #source: CrawlSource;
  readonly #signal: AbortSignal;
  #state: SourceState;
  #counts: VisitCounts = { ...noCounts, visits: 1 };
  #fetches = 0;
  /** The source has said what it has, and all of it is remembered. */
  #isWhole = true;
  #hasSaid = false;

  constructor(crawling: Crawling, source: CrawlSource, state: SourceState, signal: AbortSignal) {
    this.#crawling = crawling;
    this.#source = source;
    this.#state = { ...state, visitedAt: crawling.clock() };
    this.#signal = signal;
  }

  async askSource(): Promise<void> {
    const { fetcher, readers, clock } = this.#crawling;
    const { kind, depth } = this.#source;
    const { url, etag, lastModified } = this.#state;
    const answer = await fetcher.fetch({ url, want: kind, etag, lastModified }, this.#signal);
    if (answer.kind === 'failed' || answer.kind === 'refused') return this.#fail(answer);
    if (answer.kind === 'resting') {
      this.#state = rests(this.#state, answer.until, clock(), answer.reason);
      return;
    }
    if (answer.kind === 'unchanged') {
      if (answer.movedTo !== null) this.#move(answer.movedTo);
      this.#count('unchanged');
      this.#state = succeeded(this.#state, this.#source, clock());
      return;
    }
    try {
      if (kind === 'feed') await this.#readFeed(readers.feed(answer.text, answer.url).entries);
      else {
        const page = readers.page(answer.text, answer.type, answer.url);
        if (depth > 0) await this.#follow(page.links, 0, answer.url);
        else await this.#take(page, answer.url, undefined);
      }
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      return this.#fail({ kind: 'failed', reason: error.message });
    }
    // Not to what cannot be read, such as the page where one has to log in.
    if (answer.movedTo !== null) this.#move(answer.movedTo);
    this.#hasSaid = true;
    // Once all that the source named is remembered, it need not say it again.
    const marks = this.#isWhole
      ? { etag: answer.etag, lastModified: answer.lastModified }
      : { etag: null, lastModified: null };
    this.#state = succeeded({ ...this.#state, ...marks }, this.#source, clock());
  }

  async readWaiting(): Promise<void> {
    const { book, clock } = this.#crawling;
    const { name, maxArticles } = this.#source;
    while (this.#fetches < maxArticles) {
      const pages = await book.waiting(name, clock(), Math.min(20, maxArticles - this.#fetches));
      if (pages.length === 0) break;
      for (const page of pages) {
        this.#signal.throwIfAborted();
        await this.#readPage(page);
      }
    }
  }

  async finish(): Promise<SourceState> {
    const { book, clock, log } = this.#crawling;
    const { name } = this.#source;
    const counts = added(this.#state.counts, this.#counts);
    const next = await book.nextPageAt(name);
    const later = this.#fetches < this.#source.maxArticles ? 0 : this.#state.dueAt;
    const pagesAt = next === undefined ? null : Math.max(next, later);
    const state = { ...this.#state, counts, pagesAt };
    await book.save(state);
    // Of a source that says "as before" all is as it named it when it last said what it has.
    if (this.#hasSaid) await book.forget(name, clock() - this.#crawling.rememberDays * dayMs);
    const { articles, duplicates, skipped, failures } = this.#counts;
    log.info({ source: name, articles, duplicates, skipped, failures }, 'visited');
    return state;
  }

  async #readFeed(entries: readonly FeedEntry[]): Promise<void> {
    const { readers } = this.#crawling;
    const { name, depth } = this.#source;
    const found = new Map<string, FoundPage>();
    for (const entry of entries) {
      const url = entry.url === null ? null : readers.normalize(entry.url);
      if (url === null || !this.#isWanted(url)) {
        this.#count('skipped');
        continue;
      }
      if (depth === 0) {
        await this.#takeEntry(entry, url);
        continue;
      }
      const { title, published, updated, language } = entry;
      const stamp = updated ?? published;
      const said = { title, published: published ?? updated, language };
      if (!found.has(url)) found.set(url, { url, source: name, depth: 1, stamp, ...said });
    }
    await this.#letWait([...found.values()]);
  }

  /** Lets pages wait. */
  async #letWait(found: readonly FoundPage[]): Promise<void> {
    const { book, clock, log } = this.#crawling;
    const { name } = this.#source;
    const turnedAway = await book.addPages(name, found, clock());
    if (turnedAway === 0) return;
    this.#isWhole = false;
    log.warn({ source: name, pages: turnedAway }, 'too many pages wait, others are left out');
  }

  async #takeEntry(entry: FeedEntry, url: string): Promise<void> {
    const { readers } = this.#crawling;
    const { title, published, updated, language, text } = entry;
    await this.#takeText({
      url: readers.canonical(url, null),
      title,
      dates: [published, updated],
      language,
      text: text ?? '',
    });
  }

  async #follow(links: readonly string[], depth: number, from: string): Promise<void> {
    const { readers } = this.#crawling;
    const none = { stamp: null, title: null, published: null, language: null };
    const urls = new Set<string>();
    const known = [from, this.#source.url, this.#state.url].map((url) => readers.normalize(url));
    for (const link of links) {
      const url = readers.normalize(link);
      if (url === null || known.includes(url) || !this.#isWanted(url)) continue;
      if (readers.isSameSite(url, from)) urls.add(url);
    }
    const found = [...urls].map((url) => ({
      ...{ url, source: this.#source.name, depth: depth + 1 },
      ...none,
    }));
    await this.#letWait(found);
  }

  async #readPage(page: WaitingPage): Promise<void> {
    const { book, fetcher, readers, clock, log } = this.#crawling;
    this.#fetches++;
    const { url, etag, lastModified } = page;
    const answer = await fetcher.fetch({ url, want: 'page', etag, lastModified }, this.#signal);
    const { attempts } = page;
    if (answer.kind === 'resting') {
      return book.settle(url, { kind: 'later', at: answer.until, attempts });
    }
    if (answer.kind === 'failed') {
      this.#count('failures');
      log.warn({ source: this.#source.name, url, reason: answer.reason }, 'page not read');
      const pause = pagePausesMs[attempts];
      if (pause === undefined) return this.#done(page, { outcome: `failed: ${answer.reason}` });
      return book.settle(url, { kind: 'later', at: clock() + pause, attempts: attempts + 1 });
    }
    if (answer.kind === 'refused') {
      this.#count('skipped');
      return this.#done(page, { outcome: answer.reason });
    }
    if (answer.kind === 'unchanged') {
      this.#count('unchanged');
      return this.#done(page, { outcome: 'unchanged' });
    }
    let read: ReadPage;
    try {
      read = readers.page(answer.text, answer.type, answer.url);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#count('skipped');
      return this.#done(page, { outcome: error.message }, answer);
    }
    // Before the page counts as read: a kill in between reads it again.
    if (page.depth < this.#source.depth) await this.#follow(read.links, page.depth, answer.url);
    await this.#done(page, await this.#take(read, answer.url, page), answer);
  }

  #done(page: WaitingPage, how: Partial<Outcome> & Pick<Outcome, 'outcome'>, answer?: FetchAnswer) {
    const fetched = answer?.kind === 'fetched' ? answer : page;
    const { etag, lastModified } = fetched;
    return this.#crawling.book.settle(page.url, { kind: 'done', ...how, etag, lastModified });
  }

  /** @param page - what the source said of it */
  async #take(read: ReadPage, url: string, page: WaitingPage | undefined): Promise<Outcome> {
    const own = this.#crawling.readers.normalize(url);
    if (own === null || !read.isIndexed) {
      this.#count('skipped');
      return { outcome: 'not to be indexed', article: null };
    }
    return this.#takeText({
      url: this.#crawling.readers.canonical(own, read.canonical),
      title: page?.title ?? read.title,
      dates: [page?.published ?? null, read.published],
      language: read.language ?? page?.language ?? null,
      text: read.text,
    });
  }

  async #takeText(
    article: Omit<ReadArticle, 'feed' | 'isLyrics' | 'language'> & {
      readonly language: string | null;
    },
  ): Promise<Outcome> {
    const { book, events, readers, clock } = this.#crawling;
    const { name, lyrics, language: configured = null } = this.#source;
    const language = article.language ?? configured ?? readers.language(article.text);
    const at = clock();
    const read = { ...article, language, feed: name, isLyrics: lyrics };
    const taken = await takeArticle({ book, log: events }, read, at, this.#signal);
    if (taken.kind === 'taken') this.#state = { ...this.#state, newestAt: at };
    this.#count(counted[taken.kind]);
    return outcomeOf(taken);
  }

  #fail({ kind, reason, ...rest }: { kind: string; reason: string; isGone?: boolean }): void {
    const { clock, log } = this.#crawling;
    this.#count('failures');
    const was = this.#state.parked;
    this.#state = failed(this.#state, this.#source, clock(), reason, rest.isGone === true);
    const { failures, parked } = this.#state;
    const what = { source: this.#source.name, kind, failures, reason };
    if (parked !== null && was === null) log.error(what, 'source is parked: it is tried rarely');
    else log.warn(what, 'source did not answer as it should');
  }

  #move(to: string): void {
    const { name } = this.#source;
    this.#crawling.log.warn({ source: name, from: this.#state.url, to }, 'source has moved');
    this.#state = moved(this.#state, to);
  }

  #isWanted(url: string): boolean {
    const { follow } = this.#source;
    return follow === undefined || new RegExp(follow, 'u').test(url);
  }

  #count(what: keyof VisitCounts): void {
    this.#counts = { ...this.#counts, [what]: this.#counts[what] + 1 };
  }
}
