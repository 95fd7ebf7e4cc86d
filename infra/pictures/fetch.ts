import {
  get as getPlain,
  Agent as PlainAgent,
  type ClientRequest,
  type IncomingMessage,
} from 'node:http';
import { get as getSecure, Agent as SecureAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { InsideAddress, mayFollow, publicOnly } from './addresses.ts';

export interface FetchLimits {
  /** For one picture, redirects included, in milliseconds. Default 1,000. */
  readonly timeMs: number;
  /** Default 2 MiB; reading stops there. */
  readonly maxBytes: number;
  /** Default 3. */
  readonly maxRedirects: number;
}

/** What makes the next request conditional. */
export interface PictureMark {
  /** First 32 hexadecimal digits of the picture's SHA-256. */
  readonly hash: string;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
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

/**
 * Asks for one picture within the limits. Never rejects.
 *
 * @param lookup - for tests; default: the operating system's
 */
export async function fetchPicture(
  address: string,
  limits: FetchLimits,
  known: PictureMark | undefined,
  signal: AbortSignal,
  lookup?: LookupFunction,
): Promise<PictureAnswer> {
  const within = new Within(limits.timeMs, signal);
  try {
    let url = new URL(address);
    const home = url;
    for (let redirects = 0; ; redirects++) {
      const where = url.host === home.host ? lookup : publicOnly(lookup);
      const response = await ask(url, conditions(known), within, where);
      const { statusCode = 0, headers } = response;
      if (statusCode < 300 || statusCode >= 400 || headers.location === undefined) {
        return await readAnswer(response, limits, known);
      }
      response.destroy();
      if (redirects >= limits.maxRedirects) return none('too many redirects');
      url = new URL(headers.location, url);
      if (!mayFollow(url, home)) return none(`redirect to ${url.origin}`);
    }
  } catch (error) {
    if (error instanceof InsideAddress) return none(error.message);
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

function conditions(known: PictureMark | undefined): Record<string, string> {
  return {
    accept: 'image/*',
    'accept-encoding': 'identity',
    ...(known?.etag === undefined ? {} : { 'if-none-match': known.etag }),
    ...(known?.lastModified === undefined ? {} : { 'if-modified-since': known.lastModified }),
  };
}

async function readAnswer(
  response: IncomingMessage,
  { maxBytes }: FetchLimits,
  known: PictureMark | undefined,
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
  if (!type.startsWith('image/')) return drop(none(`type "${type}"`));
  if (Number(headers['content-length'] ?? 0) > maxBytes) return drop(none('too large'));
  const bytes = await readUpTo(response, maxBytes);
  if (bytes === undefined) return none('too large');
  if (!looksLikePicture(bytes)) return none('no JPEG, PNG, GIF, WebP or AVIF');
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
