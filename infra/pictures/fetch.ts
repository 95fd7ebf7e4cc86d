import {
  get as getPlain,
  Agent as PlainAgent,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { get as getSecure, Agent as SecureAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { InsideAddress, mayFollow, publicOnly } from '../addresses.ts';

export interface FetchLimits {
  /** For one picture, redirects included, in milliseconds. Default 1,000. */
  readonly timeMs: number;
  /** Default 2 MiB; reading stops there. */
  readonly maxBytes: number;
  /** Default 3. */
  readonly maxRedirects: number;
}

/** What is known of a picture, and makes the next request conditional. */
export interface PictureMark {
  /** First 32 hexadecimal digits of the picture's SHA-256. */
  readonly hash: string;
  /** Where it was; absent where the address follows from the listener. */
  readonly address?: string | undefined;
  /** Milliseconds since 1970 when these bytes were first seen; absent: before that was noted. */
  readonly since?: number | undefined;
  /** The page that named the address, where one did. */
  readonly page?: Omit<PictureMark, 'hash'> | undefined;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

/** Which hosts may be asked. */
export interface FetchPolicy {
  /**
   * The host (with its port) that the operator named: it may lie inside our network. All others
   * must be public, and are asked over HTTPS alone where `isStrict` is set.
   */
  readonly trustedHost?: string | undefined;
  /** For addresses that a listener wrote. Default false. */
  readonly isStrict?: boolean;
  /** For tests; default: the operating system's. */
  readonly lookup?: LookupFunction | undefined;
}

/** What is asked for. */
export interface Wanted {
  readonly accept: string;
  isType(contentType: string): boolean;
  /** Why the bytes are of no use; undefined where they are. */
  refuses(bytes: Buffer): string | undefined;
}

export type PictureAnswer =
  | {
      readonly kind: 'picture';
      readonly bytes: Buffer;
      readonly etag: string | undefined;
      readonly lastModified: string | undefined;
    }
  /** As it was. */
  | { readonly kind: 'unchanged' }
  /** The source works, and has no picture that could be used. */
  | { readonly kind: 'none'; readonly reason: string }
  /** The source does not work. */
  | { readonly kind: 'down'; readonly reason: string };

export const wantedPicture: Wanted = {
  accept: 'image/*',
  isType: (contentType) => contentType.startsWith('image/'),
  refuses: (bytes) => (looksLikePicture(bytes) ? undefined : 'no JPEG, PNG, GIF, WebP or AVIF'),
};

/** Asks for one picture (or what else is wanted) within the limits. Never rejects. */
export async function fetchPicture(
  address: string,
  limits: FetchLimits,
  known: Omit<PictureMark, 'hash'> | undefined,
  signal: AbortSignal,
  policy: FetchPolicy,
  wanted: Wanted = wantedPicture,
): Promise<PictureAnswer> {
  const { trustedHost, isStrict = false, lookup } = policy;
  const within = new Within(limits.timeMs, signal);
  try {
    let url = new URL(address);
    for (let redirects = 0; ; redirects++) {
      const isTrusted = url.host === trustedHost;
      if (!isTrusted && isStrict && url.protocol !== 'https:') return none(`${url.protocol} only`);
      if (!mayFollow(url, trustedHost)) return none(`led to ${url.origin}`);
      const where = isTrusted ? lookup : publicOnly(lookup);
      const response = await ask(url, conditions(known, wanted), within, where);
      const { statusCode = 0, headers } = response;
      if (statusCode < 300 || statusCode >= 400 || headers.location === undefined) {
        return await readAnswer(response, limits, known, wanted);
      }
      response.destroy();
      if (redirects >= limits.maxRedirects) return none('too many redirects');
      url = new URL(headers.location, url);
    }
  } catch (error) {
    if (error instanceof InsideAddress) return none(error.message);
    if (error instanceof TypeError && 'code' in error && error.code === 'ERR_INVALID_URL') {
      return none('no address');
    }
    return { kind: 'down', reason: (error as Error).message };
  } finally {
    within.end();
  }
}

/**
 * Ends a request, and those that follow it, when its time is up or the signal aborts. There are
 * thousands a second: a timer and a listener cost a tenth of what signals made of signals do.
 */
class Within {
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal;
  readonly #abort = () => this.#stop(new Error('the batch waits no longer'));
  #request: ClientRequest | undefined;
  #reason: Error | undefined;

  constructor(timeMs: number, signal: AbortSignal) {
    this.#signal = signal;
    this.#timer = setTimeout(() => this.#stop(new Error(`no answer in ${timeMs} ms`)), timeMs);
    signal.addEventListener('abort', this.#abort, { once: true });
    if (signal.aborted) this.#abort();
  }

  holds(request: ClientRequest): void {
    this.#request = request;
    if (this.#reason !== undefined) request.destroy(this.#reason);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#abort);
  }

  #stop(reason: Error): void {
    this.#reason = reason;
    this.#request?.destroy(reason);
  }
}

const plain = new PlainAgent({ keepAlive: true });
const secure = new SecureAgent({ keepAlive: true });

function ask(
  url: URL,
  headers: Record<string, string>,
  within: Within,
  lookup: LookupFunction | undefined,
): Promise<IncomingMessage> {
  const options = { headers, ...(lookup === undefined ? {} : { lookup }) };
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === 'https:'
        ? getSecure(url, { ...options, agent: secure }, resolve)
        : getPlain(url, { ...options, agent: plain }, resolve);
    request.on('error', reject);
    within.holds(request);
  });
}

function conditions(
  known: Omit<PictureMark, 'hash'> | undefined,
  { accept }: Wanted,
): Record<string, string> {
  return {
    accept,
    'accept-encoding': 'identity',
    ...(known?.etag === undefined ? {} : { 'if-none-match': known.etag }),
    ...(known?.lastModified === undefined ? {} : { 'if-modified-since': known.lastModified }),
  };
}

async function readAnswer(
  response: IncomingMessage,
  { maxBytes }: FetchLimits,
  known: Omit<PictureMark, 'hash'> | undefined,
  wanted: Wanted,
): Promise<PictureAnswer> {
  const { statusCode: status = 0, headers } = response;
  const size = Number(headers['content-length'] ?? NaN);
  const drop = (answer: PictureAnswer) => {
    // What is short is read to its end, so that the connection serves the next request.
    if (size <= shortBytes) response.resume();
    else response.destroy();
    return answer;
  };
  if (status === 304 && known !== undefined) {
    response.resume();
    return { kind: 'unchanged' };
  }
  if (status >= 500 || status === 429) return drop({ kind: 'down', reason: `status ${status}` });
  if (status !== 200) return drop(none(`status ${status}`));
  const type = headers['content-type'] ?? '';
  if (!wanted.isType(type)) return drop(none(`type "${type}"`));
  if (Number(headers['content-length'] ?? 0) > maxBytes) return drop(none('too large'));
  const bytes = await readUpTo(response, maxBytes);
  if (bytes === undefined) return none('too large');
  const refusal = wanted.refuses(bytes);
  if (refusal !== undefined) return none(refusal);
  return { kind: 'picture', bytes, etag: headers.etag, lastModified: headers['last-modified'] };
}

function none(reason: string): PictureAnswer {
  return { kind: 'none', reason };
}

/** What most say of a picture that there is not. */
const shortBytes = 16_384;

/** Undefined when there is more than `maxBytes`; what is beyond is not read. */
async function readUpTo(response: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop early ends the connection.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** By the first bytes, whatever the source calls it. SVG is refused: it can point elsewhere. */
export function looksLikePicture(bytes: Buffer): boolean {
  const starts = (text: string, at = 0) =>
    bytes.subarray(at, at + text.length).equals(Buffer.from(text, 'latin1'));
  return (
    starts('\xff\xd8\xff') ||
    starts('\x89PNG\r\n\x1a\n') ||
    starts('GIF8') ||
    (starts('RIFF') && starts('WEBP', 8)) ||
    starts('ftypavif', 4)
  );
}
