import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { serialize } from 'bson';
import fc from 'fast-check';
import { batchBytes, parseBatch } from '../../infra/rabbit/message.ts';
import type { BatchMessage } from '../../pipelines/lists.ts';
import { listFor } from '../support/lists.ts';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../fixtures', name));
const bytes = fixture('batch-message.bson');
const { lists, ...batch } = parsed(bytes);

function parsed(content: Uint8Array): BatchMessage {
  const message = parseBatch(content);
  if (typeof message === 'string') throw new Error(message);
  return message;
}

/** A list as the example tells it. */
type Hex = { user: string; tracks: string; words: string[] };

/** With the tracks as plain bytes, whichever view of them there is. */
function plain(message: BatchMessage): unknown {
  const written = message.lists.map((list) => ({ ...list, tracks: [...list.tracks] }));
  return { ...message, lists: written };
}

describe('a batch on the wire', () => {
  test('is what the example says, to the byte', () => {
    const example = JSON.parse(fixture('batch-message.json').toString()) as { lists: Hex[] };
    const told = example.lists.map((list) => ({
      ...list,
      tracks: Buffer.from(list.tracks, 'hex'),
    }));
    expect(plain(parsed(bytes))).toEqual(plain({ ...batch, ...example, lists: told }));
    expect(batchBytes(parsed(bytes)).equals(bytes)).toBe(true);
  });

  test('comes back as it was sent, whatever the tracks', () => {
    const list = fc.record(
      {
        user: fc.string({ unit: 'grapheme', minLength: 1 }).filter((user) => !user.includes('\0')),
        tracks: fc.uint8Array({ maxLength: 700 }),
        words: fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }),
      },
      { requiredKeys: ['user', 'tracks'] },
    );
    fc.assert(
      fc.property(fc.array(list, { minLength: 1, maxLength: 5 }), (some) => {
        const message = { ...batch, lists: some };
        expect(plain(parsed(batchBytes(message)))).toEqual(plain(message));
      }),
    );
  });

  test('holds a list in less than 0.8 KB', () => {
    expect((bytes.length - serialize(batch).length) / lists.length).toBeLessThan(800);
  });
});

describe('what is no batch is refused in words', () => {
  const header = serialize(batch);
  const list = serialize(listFor('anna'));

  test.each<[what: string, content: Uint8Array, reason: string | RegExp]>([
    ['nothing', Buffer.alloc(0), 'expected a batch of version 2, message: '],
    [
      'text',
      Buffer.from('not BSON'),
      /^expected a batch as BSON, got 8 bytes: expected a document at 0/,
    ],
    [
      'JSON, as batches of version 1 were',
      Buffer.from('{"v":1,"order":{}}'),
      /^expected a batch as BSON, got 18 bytes that begin as JSON, as a batch of version 1 does: /,
    ],
    [
      'bytes that break off',
      Buffer.concat([header, list]).subarray(0, -1),
      /expected a document at \d+, got a length of \d+ with \d+ bytes left$/,
    ],
    [
      'bytes behind',
      Buffer.concat([header, list, Buffer.from('x')]),
      /got a length of 0 with 1 bytes left$/,
    ],
    [
      'a document that is broken inside',
      broken(header),
      /^expected a batch as BSON, got \d+ bytes: /,
    ],
    [
      'another version',
      Buffer.concat([serialize({ ...batch, v: 3 }), list]),
      'expected a batch of version 2, v: ',
    ],
    [
      'an order without an id',
      Buffer.concat([serialize({ ...batch, order: {} }), list]),
      'expected a batch of version 2, order.id: ',
    ],
    ['a batch without lists', header, 'expected a batch of version 2, lists: '],
    [
      'a list of nobody',
      Buffer.concat([header, list, serialize({ ...listFor('x'), user: '' })]),
      'expected a batch of version 2, lists.1.user: ',
    ],
    [
      'tracks that are no bytes',
      Buffer.concat([header, serialize({ user: 'anna', tracks: 'abc' })]),
      'expected a batch of version 2, lists.0.tracks: ',
    ],
  ])('%s', (_what, content, reason) => {
    const said = parseBatch(content);
    expect(typeof said).toBe('string');
    expect(said).toMatch(typeof reason === 'string' ? new RegExp(`^${reason}`) : reason);
    expect(said).not.toContain('\n');
  });
});

/** An element of a kind that there is not. */
function broken(document: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(document);
  copy[4] = 0x55;
  return copy;
}
