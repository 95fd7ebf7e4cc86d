import { expect, test } from '@jest/globals';
import { listFigures, type TrialList } from '../../model/gate/guardrails.ts';

/** Six tracks by three artists; tracks 0 and 1 are versions of one work. */
const catalogue = {
  artist: [0, 0, 1, 1, 2, 2],
  work: [0, 0, 1, 2, 3, 4],
  artistListeners: [5, 9, 9],
};
const list = (tracks: number[], lastTracks: number[] = []): TrialList => ({
  tracks,
  lastWorks: new Set(lastTracks.map((track) => catalogue.work[track]!)),
  lastArtists: new Set(lastTracks.map((track) => catalogue.artist[track]!)),
});

test('coverage, popular share and short lists are the ones counted by hand', () => {
  const figures = listFigures([list([0, 2]), list([0, 4]), list([2])], catalogue, 2);
  expect(figures.coverage).toBe(3 / 6);
  // The most popular artist is 1, of two with 9 listeners the first: tracks 2 and 2 of 5 places.
  expect(figures.popularShare).toBe(2 / 5);
  expect(figures.shortLists).toBe(1 / 3);
  expect(figures.overlap).toBe(0);
});

test('Gini is 0 where all tracks are shown alike, and high where one has all', () => {
  expect(listFigures([list([0, 1, 2, 3, 4, 5])], catalogue).gini).toBeCloseTo(0, 12);
  expect(listFigures([list([3]), list([3])], catalogue).gini).toBeCloseTo(5 / 6, 12);
});

test('overlap counts works and lead artists of last week, over who had a list then', () => {
  const figures = listFigures(
    // Another version of track 1; another track of the artist of 3; a listener without a last list.
    [list([0, 2], [1, 3]), list([4, 5], [1]), list([0, 1])],
    catalogue,
  );
  expect(figures.overlap).toBe((1 / 2 + 0) / 2);
  expect(figures.artistOverlap).toBe((2 / 2 + 0) / 2);
});

test('without lists all figures are 0, and empty lists are short', () => {
  const none = { coverage: 0, gini: 0, popularShare: 0, overlap: 0, artistOverlap: 0 };
  expect(listFigures([], catalogue)).toEqual({ ...none, shortLists: 0 });
  expect(listFigures([list([], [1])], catalogue)).toEqual({ ...none, shortLists: 1 });
});

test('a catalogue that nobody has played has no popular artist', () => {
  const unplayed = { ...catalogue, artistListeners: [0, 0, 0] };
  expect(listFigures([list([0, 2])], unplayed).popularShare).toBe(0);
});
