import type { IncomingHttpHeaders } from 'node:http';
import type { LookupFunction } from 'node:net';
import type { FetchAnswer, Fetcher, FetchRequest } from '../../pipelines/crawl/ports.ts';
import type { Clock } from '../../pipelines/ports.ts';
import { InsideAddress } from '../addresses.ts';
import { decode } from './charset.ts';
import type { Hosts } from './hosts.ts';
import { Refused, request, type Answer } from './request.ts';
import { maxRobotsBytes, productToken, type Robots, type RobotsAnswer } from './robots.ts';

export interface FetcherOptions {
  readonly hosts: Hosts;
  readonly robots: Robots;
  readonly clock: Clock;
  /** Where whoever is crawled can turn to: an address of the web or of mail. */
  readonly contact: string;
  /** Between two requests to a host, milliseconds. */
  readonly delayMs: number;
  /** See `CrawlFile`. */
  readonly privateHosts: readonly string[];
  readonly limits?: Partial<CrawlLimits>;
  /** For tests; default: the operating system's. */
  readonly lookup?: LookupFunction;
}

export interface CrawlLimits {
  /** For one answer, redirects apart, in milliseconds. Default 20,000. */
  readonly timeMs: number;
  /** Of a feed, before it is unpacked and after. Default 16 MiB. */
  readonly maxFeedBytes: number;
  /** Of a page. Default 2 MiB. */
  readonly maxPageBytes: number;
  /** Default 5. */
  readonly maxRedirects: number;
}

export const crawlLimits: CrawlLimits = {
  timeMs: 20_000,
  maxFeedBytes: 16 * 2 ** 20,
  maxPageBytes: 2 * 2 ** 20,
  maxRedirects: 5,
};

/** `Mondaymix/0.1 (+https://service.example/crawler)` */
export function userAgent(contact: string): string {
  return `${productToken}/0.1 (+${contact})`;
}

const accepted = {
  feed: 'application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1',
  page: 'text/html, application/xhtml+xml, text/plain;q=0.5, */*;q=0.1',
} as const;

/** A step on the way to an answer: a redirect, the end, or a request that failed. */
type Step = { readonly restMs: number } & (
  { readonly answer: Answer } | { readonly error: unknown }
);

/**
 * Fetches feeds and pages as a guest should: only what robots.txt allows, one request to a host at a
 * time with a pause between two, no sooner than a host that is overloaded asks for, only from public
 * addresses, within limits. Every redirect is held against all of that again.
 */
export function openFetcher(options: FetcherOptions): Fetcher {
  const { hosts, robots, clock, contact, delayMs, lookup } = options;
  const limits = { ...crawlLimits, ...options.limits };
  const privateHosts = new Set(options.privateHosts);
  const agent = { 'user-agent': userAgent(contact), 'accept-encoding': 'gzip, deflate, br' };

  /** @param restMs - how long the host rests afterwards, where it does not ask for more */
  async function step(
    url: URL,
    headers: Record<string, string>,
    restMs: number,
    wants: 'feed' | 'page' | 'robots',
    signal: AbortSignal,
  ): Promise<Answer | { readonly until: number }> {
    const maxBytes = {
      feed: limits.maxFeedBytes,
      page: limits.maxPageBytes,
      robots: maxRobotsBytes,
    }[wants];
    const turn = await hosts.turn(
      url.host,
      async (): Promise<Step> => {
        let answer: Answer;
        try {
          answer = await request(url, {
            ...{ timeMs: limits.timeMs, maxBytes, privateHosts, signal, lookup },
            headers: { ...agent, ...headers },
            wants: (status, given) =>
              status !== 200 ? `status ${status}` : wants === 'robots' || typeFits(wants, given),
          });
        } catch (error) {
          // A host that did not answer in time needs its pause more than others.
          return { restMs, error };
        }
        const asked = answer.status === 429 || answer.status === 503;
        const askedMs = asked ? retryAfterMs(answer.headers['retry-after'], clock()) : 0;
        return { answer, restMs: Math.max(restMs, askedMs) };
      },
      signal,
    );
    if ('until' in turn) return turn;
    if ('error' in turn) throw turn.error;
    return turn.answer;
  }

  async function fetchRobots(at: URL, signal: AbortSignal): Promise<RobotsAnswer> {
    let url = at;
    try {
      // RFC 9309, 2.3.1.2: at least five redirects are followed; then there is none.
      for (let redirects = 0; redirects <= limits.maxRedirects; redirects++) {
        const answer = await step(
          url,
          { accept: 'text/plain, */*;q=0.1' },
          delayMs,
          'robots',
          signal,
        );
        if ('until' in answer) {
          return { kind: 'resting', reason: 'its host rests', until: answer.until };
        }
        const { status, headers, bytes } = answer;
        if (status === 200) return { kind: 'rules', text: new TextDecoder().decode(bytes) };
        if (status === 429 || status >= 500 || status < 300) {
          return { kind: 'failed', reason: `robots.txt: status ${status}` };
        }
        if (status >= 400 || headers.location === undefined) return { kind: 'none' };
        const to = parsed(headers.location, url);
        if (to === undefined) return { kind: 'none' };
        url = to;
      }
      return { kind: 'none' };
    } catch (error) {
      signal.throwIfAborted();
      if (isOurServer(error)) throw error;
      return { kind: 'failed', reason: `robots.txt: ${(error as Error).message}` };
    }
  }

  async function follow(wanted: FetchRequest, signal: AbortSignal): Promise<FetchAnswer> {
    const { want } = wanted;
    const seen = new Set<string>();
    let url = new URL(wanted.url);
    let movedTo: string | null = null;
    let isPermanent = true;
    for (let redirects = 0; ; redirects++) {
      const may = await robots.ask(url, (at) => fetchRobots(at, signal));
      if (may.kind === 'disallowed') return refused('robots.txt disallows it');
      if (may.kind === 'unknown') return { kind: 'failed', reason: may.reason };
      if (may.kind === 'resting') return may;
      const headers = { accept: accepted[want], ...conditions(wanted) };
      const restMs = Math.max(delayMs, may.crawlDelayMs);
      const answer = await step(url, headers, restMs, want, signal);
      if ('until' in answer) {
        return { kind: 'resting', until: answer.until, reason: 'its host rests' };
      }
      const { status } = answer;
      const location = status === 304 ? undefined : answer.headers.location;
      if (status < 300 || status >= 400 || location === undefined) {
        return ended(answer, url, movedTo, clock());
      }
      seen.add(url.href);
      const to = parsed(location, url);
      if (to === undefined) return refused(`redirect to "${location.slice(0, 100)}"`);
      if (seen.has(to.href)) return refused(`redirects in a circle, to ${to.href}`);
      if (redirects >= limits.maxRedirects) {
        return refused(`more than ${limits.maxRedirects} redirects`);
      }
      isPermanent &&= status === 301 || status === 308;
      if (isPermanent) movedTo = to.href;
      url = to;
    }
  }

  return {
    async fetch(wanted, signal) {
      try {
        return await follow(wanted, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof Refused || error instanceof InsideAddress) {
          return refused(error.message);
        }
        if (isOurServer(error)) throw error;
        return { kind: 'failed', reason: reasonOf(error) };
      }
    },
  };
}

function ended(answer: Answer, url: URL, movedTo: string | null, now: number): FetchAnswer {
  const { status, headers, bytes, unwanted } = answer;
  if (status === 304) return { kind: 'unchanged', movedTo };
  if (status === 429 || (status === 503 && headers['retry-after'] !== undefined)) {
    const until = now + retryAfterMs(headers['retry-after'], now);
    return { kind: 'resting', until, reason: `status ${status}` };
  }
  if (status >= 500 || status === 408) return { kind: 'failed', reason: `status ${status}` };
  if (status !== 200) return refused(`status ${status}`, status === 410);
  if (unwanted !== undefined) return refused(unwanted);
  if (/\b(noindex|none)\b/i.test(String(headers['x-robots-tag'] ?? ''))) {
    return refused('not to be indexed');
  }
  const contentType = headers['content-type'] ?? '';
  return {
    kind: 'fetched',
    url: url.href,
    movedTo,
    type: mediaType(contentType),
    text: decode(bytes, contentType),
    etag: headers.etag ?? null,
    lastModified: headers['last-modified'] ?? null,
  };
}

function refused(reason: string, isGone = false): FetchAnswer {
  return { kind: 'refused', reason, isGone };
}

function conditions({ etag, lastModified }: FetchRequest): Record<string, string> {
  return {
    ...(etag === null ? {} : { 'if-none-match': etag }),
    ...(lastModified === null ? {} : { 'if-modified-since': lastModified }),
  };
}

/** `text/html` */
function mediaType(contentType: string): string {
  return contentType.split(';', 1)[0]!.trim().toLowerCase();
}

/** Feeds are known by their content: servers call them by all names of text. */
function typeFits(want: 'feed' | 'page', headers: IncomingHttpHeaders): true | string {
  const type = mediaType(headers['content-type'] ?? '');
  const fits =
    want === 'feed'
      ? /^(text\/|application\/(.*\+)?(xml|json)$|application\/octet-stream$|$)/.test(type)
      : /^(text\/(html|plain)$|application\/xhtml\+xml$|$)/.test(type);
  return fits || `type "${type}"`;
}

/** Without a word on how long, or with one that is none. */
const restsMs = 600_000;
const longestRestMs = 7 * 24 * 3_600_000;

/** RFC 9110, 10.2.3: seconds, or a date. A second at least counts, a week at most. */
export function retryAfterMs(value: string | undefined, now: number): number {
  if (value === undefined) return restsMs;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? restsMs : Math.min(Math.max(ms, 1000), longestRestMs);
}

function parsed(location: string, base: URL): URL | undefined {
  const url = URL.canParse(location, base.href) ? new URL(location, base) : undefined;
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined;
}

/** MongoDB does not answer: that says nothing of the host. */
function isOurServer(error: unknown): boolean {
  return error instanceof Error && /^(Unavailable|Mongo)/.test(error.name);
}

function reasonOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException;
  return message === '' || message === undefined ? (code ?? 'failed') : message;
}
