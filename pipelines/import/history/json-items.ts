import { Tokenizer, TokenParser, TokenType } from '@streamparser/json';
import { Mistake } from '../../../model/mistake.ts';

/** An item of a JSON array in a file. */
export interface JsonItem {
  /** The line in which it begins, from 1. */
  readonly line: number;
  readonly value: unknown;
}

/** An item of more bytes than that is no row of a history. */
const longestItem = 1 << 20;

/**
 * The items of one JSON array of a file, as they arrive: nothing longer than an item is held.
 *
 * @param chunks - UTF-8
 * @param key - the array is that of this key of the object on top; undefined: it is on top itself
 * @param label - the file, for messages
 * @throws Mistake `SOURCE_INVALID` naming line and byte where it is no JSON, ends too early or is
 *   not such an array; items before that have been given
 */
export async function* jsonItems(
  chunks: AsyncIterable<Uint8Array>,
  key: string | undefined,
  label: string,
): AsyncIterable<JsonItem[]> {
  const tokenizer = new Tokenizer();
  const parser = new TokenParser({
    paths: [key === undefined ? '$.*' : `$.${key}.*`],
    keepStack: false,
  });
  const arrayDepth = key === undefined ? 1 : 2;
  const lines = new LineCounter();
  let items: JsonItem[] = [];
  let depth = 0;
  let begunAt = 0;
  let begunLine = 1;
  let tokenAt = 0;
  let isFirst = true;
  tokenizer.onToken = (token) => {
    const { token: type, offset } = token;
    tokenAt = offset;
    if (isFirst && type !== (key === undefined ? TokenType.LEFT_BRACKET : TokenType.LEFT_BRACE)) {
      throw new Mistake(
        'SOURCE_INVALID',
        `${label}, line ${lines.lineOf(offset)}: expected ${expected(key)}, got something else`,
      );
    }
    isFirst = false;
    const opens = type === TokenType.LEFT_BRACE || type === TokenType.LEFT_BRACKET;
    const closes = type === TokenType.RIGHT_BRACE || type === TokenType.RIGHT_BRACKET;
    const separates = type === TokenType.COMMA || type === TokenType.COLON;
    if (depth === arrayDepth && !closes && !separates) {
      begunAt = offset;
      begunLine = lines.lineOf(offset);
    }
    if (opens) depth++;
    if (closes) depth--;
    parser.write(token);
  };
  parser.onValue = ({ value }) => {
    items.push({ line: begunLine, value });
  };
  const broken = (cause: unknown) => {
    if (cause instanceof Mistake) return cause;
    const at = faultAt(cause) ?? tokenAt;
    return new Mistake(
      'SOURCE_INVALID',
      `${label}, line ${lines.lineOf(at)}, byte ${at}: expected ${expected(key)}, got ` +
        faultOf(cause),
      { cause },
    );
  };
  for await (const chunk of chunks) {
    lines.add(chunk);
    try {
      tokenizer.write(chunk);
    } catch (cause) {
      if (items.length > 0) yield items;
      throw broken(cause);
    }
    if (items.length > 0) yield items;
    items = [];
    const openAt = depth > arrayDepth ? begunAt : tokenAt;
    if (lines.bytes - openAt > longestItem) {
      throw new Mistake(
        'SOURCE_INVALID',
        `${label}, line ${begunLine}, byte ${openAt}: expected items of at most 1 MB, got a ` +
          'longer one',
      );
    }
  }
  try {
    if (!tokenizer.isEnded) tokenizer.end();
    if (!parser.isEnded) parser.end();
  } catch (cause) {
    throw new Mistake(
      'SOURCE_INVALID',
      `${label}, line ${lines.lineOf(lines.bytes)}, byte ${lines.bytes}: expected ` +
        `${expected(key)}, but the file ends before its end`,
      { cause },
    );
  }
  if (isFirst) {
    throw new Mistake('SOURCE_EMPTY', `${label}: expected ${expected(key)}, got an empty file`);
  }
}

function expected(key: string | undefined): string {
  return key === undefined ? 'a JSON array' : `a JSON object with an array "${key}"`;
}

/** The byte that the library names, where it does. */
function faultAt(error: unknown): number | undefined {
  const at = /absolute position "(\d+)"/.exec(String(error))?.[1];
  return at === undefined ? undefined : Number(at);
}

function faultOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const got = /^Unexpected (".*?") at/s.exec(text)?.[1] ?? /^Unexpected (\w+)/.exec(text)?.[1];
  return got ?? text.split('\n')[0]!;
}

/** Lines of bytes that go by, asked of offsets that ascend. */
class LineCounter {
  bytes = 0;
  #chunk: Uint8Array = new Uint8Array();
  #chunkAt = 0;
  #line = 1;
  #seen = 0;

  add(chunk: Uint8Array): void {
    this.lineOf(this.bytes);
    this.#chunk = chunk;
    this.#chunkAt = this.bytes;
    this.bytes += chunk.byteLength;
  }

  /** The line of a byte; of one that was passed, the line reached. */
  lineOf(offset: number): number {
    for (;;) {
      const at = this.#chunk.indexOf(10, this.#seen - this.#chunkAt);
      if (at < 0 || this.#chunkAt + at >= offset) break;
      this.#line++;
      this.#seen = this.#chunkAt + at + 1;
    }
    this.#seen = Math.max(this.#seen, Math.min(offset, this.bytes), this.#chunkAt);
    return this.#line;
  }
}
