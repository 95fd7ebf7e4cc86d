import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  placeName,
  reasonFor,
  reasonKinds,
  reasonText,
  trackName,
  type Evidence,
} from '../../model/reasons.ts';

const tracks: Record<number, string> = { 7: trackName('Teardrop', 'Massive Attack') };
const artists: Record<number, string> = { 1: 'Mogwai', 2: 'Sigur Rós', 3: 'AC/DC' };
const terms: Record<number, string> = { 4: 'dreamy', 5: 'shoegaze' };
const places: Record<number, string> = { 9: placeName('Asia/Jakarta')! };
const byKind = { track: tracks, artist: artists, term: terms, place: places };

/** A track by Sigur Rós, whom the listener does not know. */
const unknown: Omit<Evidence, 'source' | 'because'> = { artist: 2, artistPlayed: false };
const known = { ...unknown, artistPlayed: true };
const dreamy = { index: 4, adjective: true };

function say(evidence: Evidence): string {
  const reason = reasonFor(evidence);
  const { refersTo } = reasonKinds[reason.code]!;
  expect(reason.references).toHaveLength(refersTo.length);
  return reasonText(
    reason,
    refersTo.map((what, at) => byKind[what][reason.references[at]!]!),
  );
}

test.each<[string, Evidence]>([
  [
    'because you played Teardrop by Massive Attack',
    { ...unknown, source: 'factors', because: 7, becauseArtist: 3 },
  ],
  [
    'because you played Teardrop by Massive Attack',
    { ...known, source: 'factors', because: 7, becauseArtist: 3 },
  ],
  ['more by Sigur Rós', { ...known, source: 'factors', because: 7, becauseArtist: 2 }],
  ['played by listeners with your taste', { ...unknown, source: 'factors', because: -1 }],
  [
    'often playlisted with Teardrop by Massive Attack',
    { ...known, source: 'playlists', because: 7, becauseArtist: 2 },
  ],
  ['described as dreamy, like Mogwai', { ...unknown, source: 'text', because: 1, term: dreamy }],
  [
    'known for shoegaze, like Mogwai',
    { ...unknown, source: 'text', because: 1, term: { index: 5, adjective: false } },
  ],
  ['described in the words used for Mogwai', { ...unknown, source: 'text', because: 1 }],
  ['more by Sigur Rós', { ...known, source: 'text', because: 2, term: dreamy }],
  ['much written about this week', { ...unknown, source: 'text', because: 2 }],
  ['more by Sigur Rós', { ...known, source: 'artists', because: 2 }],
  ['new to you: fans of AC/DC play it', { ...unknown, source: 'artists', because: 3 }],
  ['because you played AC/DC', { ...known, source: 'artists', because: 3 }],
  ['popular in Jakarta', { ...unknown, source: 'popularity', because: 9 }],
  ['popular around the world', { ...known, source: 'popularity', because: -1 }],
])('says "%s"', (words, evidence) => {
  expect(say(evidence)).toBe(words);
});

test('names stand as they are spelled, whatever they hold', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (term, artist) => {
      expect(reasonText({ code: 3 }, [term, artist])).toBe(`described as ${term}, like ${artist}`);
    }),
    { examples: [['$&', '{0} <b>$1</b>']] },
  );
});

test('codes are those that stored lists hold', () => {
  expect(reasonKinds.map(({ name }) => name)).toEqual([
    'playedTrack',
    'playedArtist',
    'playlisted',
    'described',
    'knownFor',
    'writtenAbout',
    'moreBy',
    'fansPlay',
    'popularIn',
    'popular',
    'alikeListeners',
    'muchWritten',
    'soundsLike',
  ]);
});

test('an unknown code and a missing name are refused', () => {
  expect(() => reasonText({ code: 99 }, [])).toThrow('expected a code of 0 to 12, got 99');
  expect(() => reasonText({ code: 3 }, ['dreamy'])).toThrow(
    'reason described: expected 2 names, got 1',
  );
});

describe('a place', () => {
  test.each([
    ['Asia/Jakarta', 'Jakarta'],
    ['America/Argentina/Buenos_Aires', 'Buenos Aires'],
    ['America/Port-au-Prince', 'Port-au-Prince'],
    ['Asia/Calcutta', 'Calcutta'],
    ['US/Pacific', 'Los Angeles'],
    ['Japan', 'Tokyo'],
    ['ID', 'Indonesia'],
    ['NL', 'the Netherlands'],
    ['US', 'the United States of America'],
    ['VI', 'Virgin Islands (US)'],
    ['IM', 'the Isle of Man'],
  ])('%s is %s', (place, name) => {
    expect(placeName(place)).toBe(name);
  });

  test.each(['world', 'Etc/UTC', 'Etc/GMT+5', 'UTC', 'Mars/Olympus', 'XX'])(
    '%s has no name',
    (place) => {
      expect(placeName(place)).toBeUndefined();
    },
  );
});
