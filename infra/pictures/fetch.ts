import { BlockList, isIP } from 'node:net';

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

/** Asks for one picture within the limits. Never rejects. */
export async function fetchPicture(
  address: string,
  limits: FetchLimits,
  known: PictureMark | undefined,
  signal: AbortSignal,
): Promise<PictureAnswer> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(limits.timeMs)]);
  try {
    let url = new URL(address);
    const home = url;
    for (let redirects = 0; ; redirects++) {
      const response = await fetch(url, {
        redirect: 'manual',
        headers: conditions(known),
        signal: within,
      });
      const location = response.headers.get('location');
      if (response.status >= 300 && response.status < 400 && location !== null) {
        await response.body?.cancel();
        if (redirects >= limits.maxRedirects) return none('too many redirects');
        url = new URL(location, url);
        if (!mayFollow(url, home)) return none(`redirect to ${url.origin}`);
        continue;
      }
      return await readAnswer(response, limits, known);
    }
  } catch (error) {
    return { kind: 'down', reason: causeOf(error) };
  }
}

function conditions(known: PictureMark | undefined): Record<string, string> {
  return {
    accept: 'image/*',
    ...(known?.etag === undefined ? {} : { 'if-none-match': known.etag }),
    ...(known?.lastModified === undefined ? {} : { 'if-modified-since': known.lastModified }),
  };
}

async function readAnswer(
  response: Response,
  { maxBytes }: FetchLimits,
  known: PictureMark | undefined,
): Promise<PictureAnswer> {
  const { status, headers } = response;
  const drop = async (answer: PictureAnswer) => {
    await response.body?.cancel();
    return answer;
  };
  if (status === 304 && known !== undefined) return drop({ kind: 'unchanged' });
  if (status >= 500 || status === 429) return drop({ kind: 'down', reason: `status ${status}` });
  if (status !== 200) return drop(none(`status ${status}`));
  const type = headers.get('content-type') ?? '';
  if (!type.startsWith('image/')) return drop(none(`type "${type}"`));
  if (Number(headers.get('content-length') ?? 0) > maxBytes) return drop(none('too large'));
  const bytes = await readUpTo(response, maxBytes);
  if (bytes === undefined) return none('too large');
  if (!looksLikePicture(bytes)) return none('no JPEG, PNG, GIF, WebP or AVIF');
  return {
    kind: 'picture',
    bytes,
    etag: headers.get('etag') ?? undefined,
    lastModified: headers.get('last-modified') ?? undefined,
  };
}

function none(reason: string): PictureAnswer {
  return { kind: 'none', reason };
}

/** Undefined when there is more than `maxBytes`; what is beyond is not read. */
async function readUpTo(response: Response, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the body.
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk as Uint8Array);
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

const inside = new BlockList();
inside.addSubnet('0.0.0.0', 8);
inside.addSubnet('10.0.0.0', 8);
inside.addSubnet('100.64.0.0', 10);
inside.addSubnet('127.0.0.0', 8);
inside.addSubnet('169.254.0.0', 16);
inside.addSubnet('172.16.0.0', 12);
inside.addSubnet('192.168.0.0', 16);
inside.addAddress('::1', 'ipv6');
inside.addAddress('::', 'ipv6');
inside.addSubnet('fc00::', 7, 'ipv6');
inside.addSubnet('fe80::', 10, 'ipv6');
inside.addSubnet('::ffff:0:0', 96, 'ipv6');

/**
 * A source may send us on to another public host, or stay on its own; not to addresses inside our
 * network, which it could not reach itself.
 */
export function mayFollow(to: URL, home: URL): boolean {
  if (to.protocol !== 'http:' && to.protocol !== 'https:') return false;
  if (to.host === home.host) return true;
  const name = to.hostname.replace(/^\[(.*)\]$/, '$1');
  if (name === 'localhost' || name.endsWith('.localhost') || !/[.:]/.test(name)) return false;
  const family = isIP(name);
  return family === 0 || !inside.check(name, family === 4 ? 'ipv4' : 'ipv6');
}

function causeOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}
