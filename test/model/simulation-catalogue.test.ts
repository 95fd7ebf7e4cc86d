import { beforeAll, describe, expect, test } from '@jest/globals';
import { createRandom } from '../../model/random.ts';
import { foldedName } from '../../model/simulation/names.ts';
import { numTexts, simulationOptions } from '../../model/simulation/options.ts';
import { createPlaylist } from '../../model/simulation/playlists.ts';
import { recordingId, recordingsOf } from '../../model/simulation/recordings.ts';
import { spell } from '../../model/simulation/spelling.ts';
import { areas, stylesPerTaste, tastes } from '../../model/simulation/tastes.ts';
import { createText, textOrder } from '../../model/simulation/texts.ts';
import { createWorld, type World } from '../../model/simulation/world.ts';

let world: World;

beforeAll(() => {
  world = createWorld(simulationOptions.parse({ tracks: 4_000, seed: 5 }));
});

const indices = (length: number): number[] => Array.from({ length }, (_, index) => index);

/** 0 where all have the same, near 1 where one has everything. */
function gini(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const sum = sorted.reduce((a, b) => a + b, 0);
  const weighted = sorted.reduce((total, value, rank) => total + (rank + 1) * value, 0);
  return (2 * weighted) / (values.length * sum) - (values.length + 1) / values.length;
}

describe('the table of tastes', () => {
  test('names each taste and style once, and home areas that exist', () => {
    const names = tastes.flatMap((taste) => [taste.name, ...taste.styles]);
    expect(new Set(names).size).toBe(names.length);
    for (const taste of tastes) {
      expect(taste.home.every((area) => areas.includes(area))).toBe(true);
      expect(taste.home.length).toBeGreaterThan(0);
    }
  });

  test('gives each adjective to one taste only', () => {
    const adjectives = tastes.flatMap((taste) => taste.adjectives);
    expect(new Set(adjectives).size).toBe(adjectives.length);
  });
});

describe('the catalogue', () => {
  test('has as many tracks as asked for, each of one artist, in order', () => {
    const { artists, artistOf, titles, numTracks } = world.catalogue;
    expect(titles).toHaveLength(4_000);
    expect(numTracks).toBe(4_000);
    let next = 0;
    artists.forEach((artist, index) => {
      expect(artist.firstTrack).toBe(next);
      next = artist.endTrack;
      expect(new Set(artistOf.subarray(artist.firstTrack, next))).toEqual(new Set([index]));
    });
    expect(next).toBe(4_000);
  });

  test('names artists, and the titles of an artist, so that folding does not confuse them', () => {
    const { artists, titles } = world.catalogue;
    expect(new Set(artists.map((artist) => foldedName(artist.name))).size).toBe(artists.length);
    for (const { firstTrack, endTrack } of artists) {
      const own = titles.slice(firstTrack, endTrack).map(foldedName);
      expect(new Set(own).size).toBe(own.length);
    }
  });

  test('fills albums with 8 to 14 tracks but for the last, which may be cut short', () => {
    const sizes = new Map<number, number>();
    for (const album of world.catalogue.albumOf) {
      if (album >= 0) sizes.set(album, (sizes.get(album) ?? 0) + 1);
    }
    const whole = [...sizes].filter(([album]) => album < world.catalogue.albums.length - 1);
    expect(whole.length).toBeGreaterThan(100);
    for (const [, size] of whole) {
      expect(size).toBeGreaterThanOrEqual(8);
      expect(size).toBeLessThanOrEqual(14);
    }
  });

  test('has tracks of every taste, even the smallest one there may be', () => {
    const smallest = createWorld(simulationOptions.parse({ tracks: 500, seed: 9 })).catalogue;
    const found = new Set([...smallest.mainCell].map((cell) => Math.floor(cell / stylesPerTaste)));
    expect(found.size).toBe(tastes.length);
  });

  test('is skewed: the Gini coefficient of popularity is above 0.6, in a taste too', () => {
    const { weight, mainCell } = world.catalogue;
    expect(gini([...weight])).toBeGreaterThan(0.6);
    const ofTastes = tastes.map((_, taste) => {
      const own = [...weight].filter(
        (_, track) => Math.floor(mainCell[track]! / stylesPerTaste) === taste,
      );
      return gini(own);
    });
    expect(ofTastes.reduce((a, b) => a + b, 0) / tastes.length).toBeGreaterThan(0.5);
  });

  test('brings new tracks in every week of the history, and none after it', () => {
    const { releasedOn } = world.catalogue;
    expect(Math.max(...releasedOn)).toBeLessThan(world.endDay);
    for (let week = 0; week < world.options.weeks; week++) {
      const from = world.startDay + 7 * week;
      expect(releasedOn.some((day) => day >= from && day < from + 7)).toBe(true);
    }
  });

  test('writes some names in other scripts and some with quotes and commas', () => {
    const names = world.catalogue.artists.map((artist) => artist.name);
    expect(names.some((name) => /\p{Script=Cyrillic}/u.test(name))).toBe(true);
    expect(names.some((name) => /\p{Script=Hangul}/u.test(name))).toBe(true);
    expect(names.some((name) => name.includes('"'))).toBe(true);
    expect(names.some((name) => name.includes(','))).toBe(true);
  });
});

describe('the recordings', () => {
  test('keep within their units', () => {
    for (const recording of indices(600).flatMap((track) => recordingsOf(world, track))) {
      expect(recording.knownFrom >= (recording.released ?? '')).toBe(true);
      if (recording.popularity !== null) {
        expect(recording.popularity).toBeGreaterThanOrEqual(0);
        expect(recording.popularity).toBeLessThanOrEqual(100);
      }
      if (recording.lengthS !== null) expect(recording.lengthS).toBeGreaterThan(60);
      const { audio } = recording;
      if (audio === null) continue;
      for (const unit of [audio.danceability, audio.energy, audio.valence, audio.speechiness]) {
        expect(unit).toBeGreaterThanOrEqual(0);
        expect(unit).toBeLessThanOrEqual(1);
      }
      expect(audio.loudness).toBeLessThanOrEqual(0);
      expect(audio.tempo).toBeGreaterThan(0);
    }
  });

  test('sound like their taste: techno is more instrumental than soul', () => {
    const mean = (name: string): number => {
      const values = indices(4_000).flatMap((track) => {
        const [recording] = recordingsOf(world, track);
        return recording!.genres[0] === name && recording!.audio !== null
          ? [recording!.audio.instrumentalness]
          : [];
      });
      return values.reduce((a, b) => a + b, 0) / values.length;
    };
    expect(mean('techno')).toBeGreaterThan(0.5);
    expect(mean('soul')).toBeLessThan(0.25);
  });
});

describe('the spellings', () => {
  test('vary in about one listen of eight and never lose the artist', () => {
    const random = createRandom(3, 'spelling test');
    const { artists, artistOf, guestOf, titles } = world.catalogue;
    let tried = 0;
    let varied = 0;
    for (let track = 0; track < 1_200; track++) {
      if (guestOf[track]! >= 0) continue;
      const spelled = spell(world.catalogue, track, random);
      const name = artists[artistOf[track]!]!.name;
      expect(foldedName(spelled.artist.trim())).toBe(foldedName(name));
      expect(foldedName(spelled.title).startsWith(foldedName(titles[track]!))).toBe(true);
      tried++;
      if (spelled.artist !== name || spelled.title !== titles[track]) varied++;
    }
    expect(varied / tried).toBeGreaterThan(0.06);
    expect(varied / tried).toBeLessThan(0.15);
  });
});

describe('the playlists', () => {
  test('hold a recording once, dated within its life', () => {
    const dateOf = (recording: string): number =>
      world.catalogue.releasedOn[Number(recording.slice(1))]!;
    const end = world.options.endsOn;
    for (const playlist of indices(12).map((index) => createPlaylist(world, index))) {
      expect(playlist.name).not.toBe('');
      const ids = playlist.members.map((member) => member.recordingId);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { recordingId: id, added, removed } of playlist.members) {
        expect(Date.parse(added) / 86_400_000).toBeGreaterThanOrEqual(dateOf(id));
        expect(added < end).toBe(true);
        expect(removed === null || (removed > added && removed < end)).toBe(true);
      }
    }
  });

  test('keep to their taste: the most frequent taste holds most of a themed list', () => {
    const cellOf = new Map(
      indices(4_000).map((track) => [recordingId(track), world.catalogue.mainCell[track]!]),
    );
    const shares = indices(100).map((index) => {
      const { members } = createPlaylist(world, index);
      const count = new Map<number, number>();
      for (const { recordingId: id } of members) {
        const taste = Math.floor(cellOf.get(id)! / stylesPerTaste);
        count.set(taste, (count.get(taste) ?? 0) + 1);
      }
      return Math.max(...count.values()) / members.length;
    });
    const median = shares.sort((a, b) => a - b)[50]!;
    expect(median).toBeGreaterThan(0.5);
  });
});

describe('the texts', () => {
  test('have two to six sentences, and mostly adjectives of the artist’s tastes', () => {
    const order = textOrder(world);
    let own = 0;
    let other = 0;
    for (let index = 0; index < 150; index++) {
      const artist = world.catalogue.artists[order[index]!]!;
      const { body, published, artist: name } = createText(world, index, order[index]!);
      expect(name).toBe(artist.name);
      expect(published < world.options.endsOn).toBe(true);
      const sentences = body.match(/[^.]+\./g)!;
      expect(sentences.length).toBeGreaterThanOrEqual(2);
      const words = new Set(body.toLowerCase().match(/\p{L}+/gu));
      tastes.forEach((taste, index) => {
        const hits = taste.adjectives.filter((adjective) => words.has(adjective)).length;
        if (index === artist.main || index === artist.other) own += hits;
        else other += hits;
      });
    }
    expect(own).toBeGreaterThan(3 * other);
  });

  test('go around all artists before anyone has a second one', () => {
    const order = textOrder(world);
    expect(order).toHaveLength(world.catalogue.artists.length);
    expect(new Set(order).size).toBe(order.length);
    expect(numTexts(world.options, order.length)).toBeLessThan(order.length);
  });
});
