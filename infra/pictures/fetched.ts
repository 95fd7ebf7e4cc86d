import type { LookupFunction } from 'node:net';
import pLimit from 'p-limit';
import type { Clock, Log } from '../../pipelines/ports.ts';
import { Breaker } from './breaker.ts';
import {
  fetchPicture,
  type FetchLimits,
  type FetchPolicy,
  type PictureAnswer,
  type PictureMark,
  type Wanted,
} from './fetch.ts';
import { isKept, keepPicture } from './kept.ts';
import type { FoundPicture, PictureProvider } from './provider.ts';

/** What is remembered of a listener's picture, between runs; each provider has its own. */
export interface PictureMemory {
  get(user: string): Promise<PictureMark | undefined>;
  set(user: string, mark: PictureMark): Promise<void>;
}

export interface FetchingOptions extends Partial<FetchLimits> {
  /** Pictures are kept here by their hash, for the covers. */
  readonly folder: string;
  readonly memory: PictureMemory;
  readonly clock: Clock;
  readonly log: Log;
  /** Requests at a time. Default 32. */
  readonly concurrency?: number;
  /** Looks host names up. Default: the operating system's. */
  readonly lookup?: LookupFunction;
}

/** Where a picture is. */
export interface PictureAddress {
  readonly url: string;
  readonly policy: FetchPolicy;
  /** The listener gave it then, in milliseconds since 1970; default: it was always there. */
  readonly givenAt?: number;
  /** The address is to be remembered with the mark: what is known of another says nothing of it. */
  readonly isVariable?: boolean;
  /** To be remembered with the mark: what makes the next question for the address conditional. */
  readonly page?: PictureMark['page'];
}

/** Asks what an address has, within the provider's limits, and minds who is down. */
export type Ask = (
  url: string,
  policy: FetchPolicy,
  known?: Omit<PictureMark, 'hash'>,
  wanted?: Wanted,
) => Promise<PictureAnswer>;

/**
 * A provider of pictures at addresses, asked conditionally (`If-None-Match`, `If-Modified-Since`).
 * Nothing that a source does delays or fails a list: whatever is slow, too large, no image, or
 * broken counts as no picture, and a host that is down is left alone for a while (see `Breaker`).
 * While it is, the picture that was known of it before is still the listener's.
 *
 * @param addressOf - undefined where the listener has none
 */
export function openFetched(
  name: string,
  addressOf: (
    user: string,
    ask: Ask,
    known: PictureMark | undefined,
  ) => Promise<PictureAddress | undefined>,
  options: FetchingOptions,
): PictureProvider {
  const { folder, memory, clock, log, concurrency = 32, lookup } = options;
  const limits: FetchLimits = {
    timeMs: options.timeMs ?? 1000,
    maxBytes: options.maxBytes ?? 2 * 1024 * 1024,
    maxRedirects: options.maxRedirects ?? 3,
  };
  const limit = pLimit(concurrency);
  const breakers = new Breakers(clock, log);

  const asking =
    (signal: AbortSignal): Ask =>
    async (url, policy, known, wanted) => {
      const breaker = breakers.of(url);
      if (signal.aborted) return { kind: 'down', reason: 'the batch waits no longer' };
      if (!breaker.admits()) return { kind: 'down', reason: 'left alone for a while' };
      const where = { lookup, ...policy };
      const answer = await fetchPicture(url, limits, known, signal, where, wanted);
      // Out of the batch's time is not the source's fault.
      if (answer.kind !== 'down') breaker.succeeded();
      else if (!signal.aborted) breaker.failed(answer.reason);
      return answer;
    };

  async function look(
    user: string,
    known: PictureMark | undefined,
    signal: AbortSignal,
  ): Promise<FoundPicture | undefined> {
    const ask = asking(signal);
    const address = await addressOf(user, ask, known);
    if (address === undefined) return undefined;
    const { url, policy, givenAt = 0, isVariable = false, page } = address;
    const mark = isOf(known, isVariable ? url : undefined, folder) ? known : undefined;
    const answer = await ask(url, policy, mark);
    if (answer.kind === 'none') return undefined;
    if (answer.kind !== 'picture') {
      if (mark !== undefined && page?.etag !== mark.page?.etag) {
        await memory.set(user, { ...mark, page });
      }
      return mark && found(mark, givenAt);
    }
    const hash = await keepPicture(folder, answer.bytes);
    const fresh: PictureMark = {
      hash,
      ...(isVariable ? { address: url } : {}),
      since: hash === mark?.hash ? (mark.since ?? 0) : clock(),
      etag: answer.etag,
      lastModified: answer.lastModified,
      ...(page === undefined ? {} : { page }),
    };
    await memory.set(user, fresh);
    return found(fresh, givenAt);
  }

  /** The source's own date of the picture, or when it was first seen; not before it was given. */
  function found(mark: PictureMark, givenAt: number): FoundPicture {
    const modified = Date.parse(mark.lastModified ?? '');
    const since = Number.isNaN(modified) ? (mark.since ?? 0) : Math.min(modified, clock());
    return { hash: mark.hash, since: Math.max(since, givenAt) };
  }

  return {
    name,
    async newest(user, signal) {
      let known: PictureMark | undefined;
      // Where the address may have changed, it is not known whether that is still the listener's.
      const before = () => (isOf(known, undefined, folder) ? found(known, 0) : undefined);
      return untilAborted(
        signal,
        memory
          .get(user)
          .then((mark) => {
            known = mark;
            return limit(() => (signal.aborted ? before() : look(user, mark, signal)));
          })
          .catch((error: Error) => {
            log.warn({ provider: name, error: error.message }, 'picture: passed over');
            return undefined;
          }),
        before,
      );
    },
  };
}

function isOf(
  mark: PictureMark | undefined,
  address: string | undefined,
  folder: string,
): mark is PictureMark {
  return mark !== undefined && mark.address === address && isKept(folder, mark.hash);
}

/** What is at hand as soon as the signal aborts, whatever hangs. */
function untilAborted<Value>(
  signal: AbortSignal,
  value: Promise<Value | undefined>,
  atHand: () => Value | undefined,
): Promise<Value | undefined> {
  return new Promise((resolve) => {
    const stop = () => resolve(atHand());
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    void value.then((found) => {
      signal.removeEventListener('abort', stop);
      resolve(found);
    });
  });
}

/** One for each host; of many the one unused for longest is dropped. */
class Breakers {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #byHost = new Map<string, Breaker>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  of(url: string): Breaker {
    const host = URL.canParse(url) ? new URL(url).host : '';
    const breaker = this.#byHost.get(host) ?? new Breaker(this.#clock, this.#log);
    this.#byHost.delete(host);
    this.#byHost.set(host, breaker);
    if (this.#byHost.size > maxHosts) this.#byHost.delete(this.#byHost.keys().next().value!);
    return breaker;
  }
}

const maxHosts = 1000;
