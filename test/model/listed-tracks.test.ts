import { describe, expect, test } from '@jest/globals';
import { calculateObjectSize } from 'bson';
import fc from 'fast-check';
import { sourceNames } from '../../model/candidates/pool.ts';
import { idKeys } from '../../model/ids.ts';
import {
  readTracks,
  TracksWriter,
  visitTracks,
  type ListedId,
  type StoredTracks,
} from '../../model/listed-tracks.ts';
import { reasonKinds } from '../../model/reasons.ts';

const id = (letter: string) =>
  fc
    .bigInt({ min: 0n, max: 2n ** 60n - 1n })
    .map((key) => letter + key.toString(16).padStart(15, '0'));
const word = fc.constantFrom('dreamy', 'trip hop', 'Asia/Jakarta', 'NL', '', 'ê\u2028');

const listedId: fc.Arbitrary<ListedId> = fc.nat(reasonKinds.length - 1).chain((reason) =>
  fc.record({
    trackId: id('t'),
    source: fc.constantFrom(...sourceNames),
    reason: fc.constant(reason),
    references: fc.tuple(
      ...reasonKinds[reason]!.refersTo.map((what) =>
        what === 'track' ? id('t') : what === 'artist' ? id('a') : word,
      ),
    ),
  }),
);
const lists = fc.array(listedId, { maxLength: 40 });

function write(writer: TracksWriter, tracks: readonly ListedId[]): StoredTracks {
  for (const { trackId, source, reason, references } of tracks) {
    writer.track(sourceNames.indexOf(source), reason, idKeys([trackId]), 0);
    reasonKinds[reason]!.refersTo.forEach((what, at) => {
      if (what === 'track' || what === 'artist') writer.key(idKeys([references[at]!]), 0);
      else writer.word(references[at]!);
    });
  }
  return writer.finish();
}

const noTrack = { track: () => undefined };
const code = (name: string) => reasonKinds.findIndex((kind) => kind.name === name);

test('what is written is read, list after list by one writer', () => {
  fc.assert(
    fc.property(fc.array(lists, { maxLength: 4 }), (written) => {
      const writer = new TracksWriter();
      const stored = written.map((tracks) => write(writer, tracks));
      expect(stored.map(readTracks)).toEqual(written);
    }),
  );
});

test('the bytes are these', () => {
  const writer = new TracksWriter();
  writer.track(1, code('playlisted'), idKeys(['t0a0000100000002']), 0);
  writer.key(idKeys(['tffffffffffffff0']), 0);
  writer.track(2, code('described'), idKeys(['t000000000000000', 't00000030000000f']), 1);
  writer.word('dreamy');
  writer.key(idKeys(['a123456789abcdef']), 0);
  writer.track(3, code('popularIn'), idKeys(['t000000000000000']), 0);
  writer.word('Asia/Jakarta');
  writer.track(2, code('knownFor'), idKeys(['t000000000000000']), 0);
  writer.word('dreamy');
  writer.key(idKeys(['a000000000000001']), 0);
  const { tracks, words } = writer.finish();
  expect(words).toEqual(['dreamy', 'Asia/Jakarta']);
  expect(Buffer.from(tracks).toString('hex')).toBe(
    [
      '01 02 02000000 0100a000  f0ffffff ffffff0f',
      '02 03 0f000000 03000000  00 efcdab89 67452301',
      '03 08 00000000 00000000  01',
      '02 04 00000000 00000000  00 01000000 00000000',
    ]
      .join('')
      .replaceAll(' ', ''),
  );
});

test('a list without words has none, and one without tracks no bytes', () => {
  expect(new TracksWriter().finish()).toEqual({ tracks: new Uint8Array(0) });
  expect(readTracks({ tracks: new Uint8Array(0) })).toEqual([]);
  const stored = write(new TracksWriter(), [
    { trackId: 't000000000000000', source: 'factors', reason: code('popular'), references: [] },
  ]);
  expect(stored).not.toHaveProperty('words');
});

test('30 tracks take at most 570 bytes besides the words, whatever the reasons', () => {
  fc.assert(
    fc.property(fc.array(listedId, { minLength: 30, maxLength: 30 }), (tracks) => {
      const stored = write(new TracksWriter(), tracks);
      expect(stored.tracks.length).toBeLessThanOrEqual(30 * (1 + 1 + 8 + 1 + 8));
      expect(new Set(stored.words).size).toBe(stored.words?.length ?? 0);
    }),
  );
});

test('there is room for words as long as the stored list stays below 1.5 KB', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), { maxLength: 60 }),
      (words) => {
        const writer = new TracksWriter();
        for (let n = 0; n < 30; n++) {
          writer.track(2, code('described'), idKeys(['t000000000000000']), 0);
          const word = words[n];
          if (word !== undefined && writer.hasRoomFor(word)) writer.word(word);
          writer.key(idKeys(['a000000000000000']), 0);
        }
        const stored = writer.finish();
        const size = calculateObjectSize({
          ...{ _id: `${'u'.repeat(36)}:2026-W47`, v: 2, user: 'u'.repeat(36), week: '2026-W47' },
          ...{ zone: 'America/Argentina/ComodRivadavia', validFrom: new Date(), revision: 1 },
          ...{ tracks: Buffer.from(stored.tracks), words: stored.words, storedAt: new Date() },
          ...{ model: 'ranker-0123456789ab', picture: 'f'.repeat(32) },
          order: '2026-W47:America/Argentina/ComodRivadavia:12',
        });
        expect(size).toBeLessThanOrEqual(1536);
        for (const word of stored.words ?? []) expect(writer.hasRoomFor(word)).toBe(true);
      },
    ),
  );
});

test('the 257th word of a list is refused, of the next list it is not', () => {
  const writer = new TracksWriter();
  const track = (word: string) => {
    writer.track(3, code('popularIn'), idKeys(['t000000000000000']), 0);
    writer.word(word);
  };
  for (let n = 0; n < 256; n++) track(`place ${n}`);
  track('place 0');
  expect(readTracks(writer.finish()).map(({ references }) => references[0])).toEqual([
    ...Array.from({ length: 256 }, (_, n) => `place ${n}`),
    'place 0',
  ]);
  for (let n = 0; n < 256; n++) track(`place ${n}`);
  expect(() => track('one more')).toThrow('list: expected at most 256 words, got "one more" too');
});

test('a view into larger bytes is read where it begins', () => {
  const { tracks, words } = write(new TracksWriter(), [
    {
      trackId: 't123456789abcdef',
      source: 'text',
      reason: code('described'),
      references: ['dreamy', 'a00000000000000f'],
    },
  ]);
  const larger = new Uint8Array(tracks.length + 7).fill(255);
  larger.set(tracks, 3);
  expect(readTracks({ tracks: larger.subarray(3, 3 + tracks.length), words })).toEqual(
    readTracks({ tracks, words }),
  );
});

describe('Damaged bytes', () => {
  const popular = [0, code('popular'), ...new Array<number>(8).fill(0)];
  const refused = (tracks: readonly number[], words: readonly string[] = []) =>
    expect(() => {
      visitTracks({ tracks: Uint8Array.from(tracks), words }, noTrack);
    });

  test('are told with their place', () => {
    refused([...popular, 0]).toThrow('list: expected 10 more bytes at 10, got 1');
    refused([6, ...popular.slice(1)]).toThrow(
      'list: expected a source and a reason at 0, got 6 and 9',
    );
    refused([...popular, 0, reasonKinds.length, ...popular.slice(2)]).toThrow(
      `list: expected a source and a reason at 10, got 0 and ${reasonKinds.length}`,
    );
    refused([...popular.slice(0, 9), 0x10]).toThrow('list: expected a key of 60 bits at 2, got ');
    refused([0, code('playedTrack'), ...popular.slice(2), 1, 2, 3]).toThrow(
      'list: expected 8 more bytes at 10, got 3',
    );
    refused([0, code('playedTrack'), ...popular.slice(2), 0, 0, 0, 0, 0, 0, 0, 0xf0]).toThrow(
      'list: expected a key of 60 bits at 10, got ',
    );
    refused([0, code('popularIn'), ...popular.slice(2)]).toThrow(
      'list: expected 1 more bytes at 10, got 0',
    );
    refused([0, code('popularIn'), ...popular.slice(2), 1], ['NL']).toThrow(
      'list: expected one of 1 words at 10, got 1',
    );
  });

  test('cut anywhere else than between two tracks are refused', () => {
    fc.assert(
      fc.property(lists, fc.nat(), (tracks, cut) => {
        const whole = write(new TracksWriter(), tracks);
        const bounds = tracks.map(
          (_, n) => write(new TracksWriter(), tracks.slice(0, n)).tracks.length,
        );
        const at = cut % (whole.tracks.length + 1);
        const stored = { ...whole, tracks: whole.tracks.subarray(0, at) };
        if (at === whole.tracks.length || bounds.includes(at)) {
          expect(tracks.slice(0, readTracks(stored).length)).toEqual(readTracks(stored));
        } else expect(() => readTracks(stored)).toThrow(/^list: expected \d+ more bytes at /);
      }),
    );
  });

  test('of any kind are a list or refused, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.array(word), (tracks, words) => {
        try {
          for (const { trackId } of readTracks({ tracks, words })) {
            expect(trackId).toMatch(/^t[0-9a-f]{15}$/);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          expect((error as Error).message).toMatch(/^list: expected .* at \d+, got \d+/);
        }
      }),
      { numRuns: 500 },
    );
  });
});
