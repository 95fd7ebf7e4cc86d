import { expect, test } from '@jest/globals';
import { sourceNames } from '../../model/candidates/pool.ts';
import { idKeys } from '../../model/ids.ts';
import { TracksWriter } from '../../model/listed-tracks.ts';
import { reasonKinds } from '../../model/reasons.ts';
import { idsOf, namesIn, namesOf, nameTracks } from '../../pipelines/listed.ts';
import { listedTrack, type WeeklyList } from '../../pipelines/lists.ts';
import { frozenListsOf } from '../support/frozen-lists.ts';
import { idOf, listFor, namesFor } from '../support/lists.ts';

const { tracks, artists } = namesFor();
const names = namesIn(tracks, artists);

test('a stored list is read with names, and with reasons in words', () => {
  const listed = nameTracks(listFor('ana'), names);
  expect(listed.map((track) => listedTrack.parse(track))).toEqual(listed);
  expect(listed).toHaveLength(30);
  expect(listed.slice(0, 4).map(({ reason }) => reason)).toEqual([
    'because you played Mogwai',
    'described as dreamy, like Mogwai',
    'popular in Jakarta',
    'often playlisted with Title 0 by Artist 0',
  ]);
  expect(listed.slice(0, 2)).toEqual([
    {
      ...{ trackId: tracks[0]!.trackId, title: 'Title 0', artists: ['Artist 0', 'Guest'] },
      ...{ artistId: idOf('a', 'Artist 0'), album: 'Album 0', lengthS: 180 },
      ...{ reason: 'because you played Mogwai', source: 'factors' },
    },
    {
      ...{ trackId: tracks[1]!.trackId, title: 'Title 1', artists: ['Artist 1', 'Guest'] },
      artistId: idOf('a', 'Artist 1'),
      ...{ reason: 'described as dreamy, like Mogwai', source: 'factors' },
    },
  ]);
});

test('every kind of reason is put into words', () => {
  const writer = new TracksWriter();
  const track = idKeys([tracks[0]!.trackId]);
  const words = { term: 'dreamy', place: 'NL' };
  reasonKinds.forEach(({ refersTo }, code) => {
    writer.track(code % sourceNames.length, code, track, 0);
    for (const what of refersTo) {
      if (what === 'term' || what === 'place') writer.word(words[what]);
      else writer.key(what === 'track' ? track : idKeys([artists[0]!.artistId]), 0);
    }
  });
  const listed = nameTracks(writer.finish(), names);
  expect(listed.map(({ reason }) => reason)).toEqual([
    'because you played Title 0 by Artist 0',
    'because you played Mogwai',
    'often playlisted with Title 0 by Artist 0',
    'described as dreamy, like Mogwai',
    'known for dreamy, like Mogwai',
    'described in the words used for Mogwai',
    'more by Mogwai',
    'new to you: fans of Mogwai play it',
    'popular in the Netherlands',
    'popular around the world',
    'played by listeners with your taste',
    'much written about this week',
    'sounds like Title 0 by Artist 0',
  ]);
  expect(listed.map(({ source }) => source)).toEqual(
    reasonKinds.map((_, code) => sourceNames[code % sourceNames.length]),
  );
});

test('an id or a place without a name is told', () => {
  const list = listFor('ana');
  const { trackId } = tracks[0]!;
  expect(() => nameTracks(list, namesIn(tracks.slice(1), artists))).toThrow(
    `list: expected a name of track ${trackId}, got none`,
  );
  expect(() => nameTracks(list, namesIn(tracks, []))).toThrow(
    `list: expected a name of artist ${artists[0]!.artistId}, got none`,
  );
  const nowhere = { ...list, words: ['dreamy', 'Mars/Olympus'] };
  expect(() => nameTracks(nowhere, names)).toThrow(
    'list: expected a name of place Mars/Olympus, got none',
  );
});

test('the ids of a list are those of its tracks and of what their reasons name', () => {
  const ids = idsOf(listFor('ana'));
  expect(new Set(ids.tracks)).toEqual(new Set(tracks.map(({ trackId }) => trackId)));
  expect(ids.tracks).toHaveLength(31); // track 0 is named by the reason of track 3 too
  expect(new Set(ids.artists)).toEqual(new Set([artists[0]!.artistId]));
});

test('of the names of a week those that some lists need are read', async () => {
  const frozen = frozenListsOf('2014-W36', { 'Asia/Jakarta': 3 });
  const lists: WeeklyList[] = [];
  for await (const list of frozen.read('Asia/Jakarta')) lists.push(list);
  const some = await namesOf(frozen, lists.slice(0, 2));
  expect(lists.slice(0, 2).map((list) => nameTracks(list, some)[29]!.title)).toEqual([
    'Title 29',
    'Title 29',
  ]);
  expect(() => nameTracks(lists[2]!, some)).toThrow('expected a name of track');
});
