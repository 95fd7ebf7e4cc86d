import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { jsonItems, type JsonItem } from '../../pipelines/import/history/json-items.ts';

async function* inChunks(text: string, sizes: readonly number[]): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const next = at + (sizes[i % sizes.length] ?? bytes.length);
    yield await Promise.resolve(bytes.subarray(at, next));
    at = next;
  }
}

async function read(text: string, key?: string, sizes = [7]): Promise<JsonItem[]> {
  const items: JsonItem[] = [];
  for await (const batch of jsonItems(inChunks(text, sizes), key, 'file')) items.push(...batch);
  return items;
}

const messageOf = (text: string, key?: string, sizes?: number[]) =>
  read(text, key, sizes).then(
    () => 'none',
    (error: Error) => error.message,
  );

describe('items of a JSON array as it arrives', () => {
  test('are those that JSON.parse finds, with their lines, however the file is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 8 }),
        fc.array(fc.constantFrom('', '\n', '\n\n  ', ' '), { minLength: 1 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (values, spaces, sizes, isBelow) => {
          let text = isBelow ? '{"about": {"x": [1, {"y": 2}]},\n"list": [' : '[';
          const lines: number[] = [];
          values.forEach((value, i) => {
            text += (i > 0 ? ',' : '') + spaces[i % spaces.length]!;
            lines.push(text.split('\n').length);
            text += JSON.stringify(value, null, i % 2);
          });
          text += isBelow ? ']}' : ']\n';
          const items = await read(text, isBelow ? 'list' : undefined, sizes);
          expect(items.map(({ value }) => value)).toEqual(
            values.map((value) => JSON.parse(JSON.stringify(value)) as unknown),
          );
          expect(items.map(({ line }) => line)).toEqual(lines);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('where it breaks is told by line and byte', async () => {
    expect(await messageOf('[{"a":1},\n{"b":2},\n{"c":}]')).toBe(
      'file, line 3, byte 24: expected a JSON array, got "}"'.replace('got "}"', 'got RIGHT_BRACE'),
    );
    expect(await messageOf('[{"a":1},\n{"b":2,\n"c" 3}]')).toMatch(
      /^file, line 3, byte \d+: expected a JSON array, got /,
    );
    expect(await messageOf('[1,\n2,\nxyz]')).toBe(
      'file, line 3, byte 7: expected a JSON array, got "x"',
    );
  });

  test('a file that ends before its end, is something else, or has nothing, is told so', async () => {
    expect(await messageOf('[{"a":1},\n{"b":')).toBe(
      'file, line 2, byte 15: expected a JSON array, but the file ends before its end',
    );
    expect(await messageOf('{"a":[1]}')).toBe(
      'file, line 1: expected a JSON array, got something else',
    );
    expect(await messageOf('[1]', 'scrobbles')).toBe(
      'file, line 1: expected a JSON object with an array "scrobbles", got something else',
    );
    expect(await messageOf('\n')).toBe('file: expected a JSON array, got an empty file');
  });

  test('what comes after the array is a mistake', async () => {
    expect(await messageOf('[1]\n[2]')).toMatch(/^file, line 2, byte \d+: expected a JSON array/);
  });

  test('an item beyond all measure is not held', async () => {
    const long = `[{"a":1},\n{"b":"${'x'.repeat(3 << 20)}"}]`;
    expect(await messageOf(long, undefined, [1 << 16])).toBe(
      'file, line 2, byte 10: expected items of at most 1 MB, got a longer one',
    );
  });
});
