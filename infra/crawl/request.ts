import { get as getPlain, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { mayFollow, publicOnly } from '../addresses.ts';

export interface RequestLimits {
  /** For the whole of one answer, in milliseconds. */
  readonly timeMs: number;
  /** Of the body, before it is unpacked and after. */
  readonly maxBytes: number;
}

export interface Requesting extends RequestLimits {
  readonly headers: Readonly<Record<string, string>>;
  /** Hosts, with their port where it is not the usual one, that may lie inside our network. */
  readonly privateHosts: ReadonlySet<string>;
  /** For tests; default: the operating system's. */
  readonly lookup?: LookupFunction | undefined;
  readonly signal: AbortSignal;
  /** Whether the body is wanted, by status and headers. A text says why not. */
  readonly wants: (status: number, headers: IncomingHttpHeaders) => true | string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Unpacked; empty where it was not wanted. */
  readonly bytes: Buffer;
  /** Why the body was not wanted. */
  readonly unwanted?: string;
}

/** What is asked for is not to be had, and asking again would be no use. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/**
 * One request, no redirects followed. A connection of its own, to an address that was looked up and
 * checked for it: nothing can change in between.
 *
 * @throws Refused, InsideAddress; other errors where it failed
 */
export async function request(url: URL, requesting: Requesting): Promise<Answer> {
  const { headers, privateHosts, lookup, timeMs, maxBytes, wants } = requesting;
  const isTrusted = privateHosts.has(url.host);
  if (!mayFollow(url, isTrusted ? url.host : undefined)) {
    throw new Refused(`${url.origin} is not a public address`);
  }
  const timeout = new AbortController();
  const timer = setTimeout(
    () => timeout.abort(new Error(`no whole answer in ${timeMs} ms`)),
    timeMs,
  );
  const signal = AbortSignal.any([requesting.signal, timeout.signal]);
  const where = isTrusted ? lookup : publicOnly(lookup);
  try {
    const options = { headers, signal, agent: false, ...(where && { lookup: where }) };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const get = url.protocol === 'https:' ? getSecure : getPlain;
      get(url, options, resolve).on('error', reject);
    });
    try {
      const { statusCode: status = 0 } = response;
      const wanted = wants(status, response.headers);
      const known = { status, headers: response.headers };
      if (wanted !== true) return { ...known, bytes: Buffer.alloc(0), unwanted: wanted };
      if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
      return { ...known, bytes: await unpacked(response, maxBytes) };
    } finally {
      response.destroy();
    }
  } catch (error) {
    requesting.signal.throwIfAborted();
    // Which of its ends the abort reached first is a matter of chance.
    throw timeout.signal.aborted ? (timeout.signal.reason as Error) : error;
  } finally {
    clearTimeout(timer);
  }
}

function tooLarge(maxBytes: number): Refused {
  return new Refused(`larger than ${maxBytes} bytes`);
}

const unpackers: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

async function unpacked(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return readUpTo(response, maxBytes);
  const create = unpackers[encoding];
  if (create === undefined) throw new Refused(`packed as "${encoding}", which was not asked for`);
  const unpacker = create();
  let packedBytes = 0;
  response.on('data', (chunk: Buffer) => {
    packedBytes += chunk.length;
    if (packedBytes > maxBytes) unpacker.destroy(tooLarge(maxBytes));
  });
  response.on('error', (error) => unpacker.destroy(error));
  response.pipe(unpacker);
  return readUpTo(unpacker, maxBytes);
}

async function readUpTo(stream: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop early ends the stream.
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
