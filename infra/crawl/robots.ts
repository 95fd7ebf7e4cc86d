import robotsModule from 'robots-parser';
import type { Db } from 'mongodb';
import type { Clock } from '../../pipelines/ports.ts';
import { reaching } from '../mongo.ts';

// Its types say `exports.default`, the module is the function.
const robotsParser = robotsModule as unknown as typeof robotsModule.default;

/** What a host lets us do, by RFC 9309. */
export type Permission =
  | { readonly kind: 'allowed'; readonly crawlDelayMs: number }
  | { readonly kind: 'disallowed' }
  /** Nobody knows: its robots.txt cannot be had. Then nothing may be fetched. */
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'resting'; readonly until: number; readonly reason: string };

/** What was answered for a robots.txt. */
export type RobotsAnswer =
  | { readonly kind: 'rules'; readonly text: string }
  /** There is none (any 4xx but 429): everything may be fetched. */
  | { readonly kind: 'none' }
  | { readonly kind: 'failed'; readonly reason: string }
  /** The host is not to be asked before then. */
  | { readonly kind: 'resting'; readonly until: number; readonly reason: string };

export interface Robots {
  /**
   * @param fetch - fetches the robots.txt at this address
   */
  ask(url: URL, fetch: (at: URL) => Promise<RobotsAnswer>): Promise<Permission>;
}

/** `_id` is the origin. */
interface RobotsDocument {
  _id: string;
  kind: 'rules' | 'none' | 'failed';
  text: string;
  reason: string;
  until: Date;
}

/** The name that robots.txt files know us by. */
export const productToken = 'Mondaymix';
const hourMs = 3_600_000;
/** RFC 9309, 2.4: no longer than a day. */
const keepMs = 24 * hourMs;
/** An hour after a robots.txt could not be had it is asked for again. */
const againMs = hourMs;
/** RFC 9309, 2.5: at least 500 KiB are parsed. */
export const maxRobotsBytes = 512 * 1024;
/** Rules that are parsed and kept in memory. */
const mostParsed = 500;

/** The rules of hosts, kept for a day in MongoDB, collection `crawl_robots`. */
export function openRobots(db: Db, clock: Clock): Robots {
  const collection = db.collection<RobotsDocument>('crawl_robots');
  const parsed = new Map<string, { text: string; rules: ReturnType<typeof robotsParser> }>();

  async function known(origin: string): Promise<RobotsDocument | undefined> {
    const found = await reaching(() => collection.findOne({ _id: origin }));
    return found !== null && found.until.getTime() > clock() ? found : undefined;
  }

  async function keep(
    origin: string,
    answer: Exclude<RobotsAnswer, { kind: 'resting' }>,
  ): Promise<RobotsDocument> {
    const kept = {
      kind: answer.kind,
      text: answer.kind === 'rules' ? answer.text : '',
      reason: answer.kind === 'failed' ? answer.reason : '',
      until: new Date(clock() + (answer.kind === 'failed' ? againMs : keepMs)),
    };
    await reaching(() => collection.replaceOne({ _id: origin }, kept, { upsert: true }));
    return { _id: origin, ...kept };
  }

  function rulesOf(origin: string, text: string) {
    const before = parsed.get(origin);
    if (before?.text === text) return before.rules;
    if (parsed.size >= mostParsed) parsed.clear();
    const rules = robotsParser(`${origin}/robots.txt`, text);
    parsed.set(origin, { text, rules });
    return rules;
  }

  return {
    async ask(url, fetch) {
      let found = await known(url.origin);
      if (found === undefined) {
        const answer = await fetch(new URL('/robots.txt', url));
        if (answer.kind === 'resting') return answer;
        found = await keep(url.origin, answer);
      }
      const { kind, text, reason } = found;
      if (kind === 'none') return { kind: 'allowed', crawlDelayMs: 0 };
      if (kind === 'failed') return { kind: 'unknown', reason };
      const rules = rulesOf(url.origin, text);
      if (rules.isAllowed(url.href, productToken) === false) return { kind: 'disallowed' };
      const seconds = rules.getCrawlDelay(productToken) ?? 0;
      return { kind: 'allowed', crawlDelayMs: Number.isFinite(seconds) ? seconds * 1000 : 0 };
    },
  };
}
