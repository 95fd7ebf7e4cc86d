import { Mistake } from '../../../model/mistake.ts';

/**
 * The encoding of a text by what it begins with: a byte-order mark, the declaration of an XML file,
 * zeros between letters; else UTF-8.
 *
 * @returns a label that `TextDecoder` knows
 */
export function encodingOf(head: Uint8Array): string {
  const [a, b, c] = head;
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8';
  if (a !== 0 && a !== undefined && b === 0) return 'utf-16le';
  if (a === 0 && b !== 0 && b !== undefined) return 'utf-16be';
  const start = Buffer.from(head.subarray(0, 200)).toString('latin1');
  return /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1] ?? 'utf-8';
}

/** @throws Mistake `USAGE` for an encoding that nobody knows */
export function checkEncoding(label: string): string {
  try {
    return new TextDecoder(label).encoding;
  } catch (cause) {
    throw new Mistake('USAGE', `expected an encoding such as windows-1252, got "${label}"`, {
      cause,
    });
  }
}

/** Text as it arrives, without a byte-order mark; what cannot be decoded becomes U+FFFD. */
export async function* textOf(
  chunks: AsyncIterable<Uint8Array>,
  encoding: string,
): AsyncIterable<string> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

/**
 * The text as UTF-8 without a byte-order mark. What is UTF-8 already passes as it is, invalid bytes
 * too: whoever reads it finds out in which line they are.
 */
export async function* utf8Of(
  chunks: AsyncIterable<Uint8Array>,
  encoding: string,
): AsyncIterable<Uint8Array> {
  if (encoding !== 'utf-8') {
    for await (const text of textOf(chunks, encoding)) yield Buffer.from(text, 'utf8');
    return;
  }
  let first = true;
  for await (const chunk of chunks) {
    const mark = first && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf;
    first = false;
    yield mark ? chunk.subarray(3) : chunk;
  }
}
