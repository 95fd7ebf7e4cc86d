import { describe, expect, test } from '@jest/globals';
import { embedTracks } from '../../model/embedding.ts';
import { fromTriples, type Interactions } from '../../model/interactions.ts';
import { nearest } from '../../model/nearest.ts';
import { createRandom } from '../../model/random.ts';

const tracksPerGroup = 40;
const numGroups = 2;
/** In playlists of both groups. */
const bridge = numGroups * tracksPerGroup;
/** In no playlist. */
const unheard = bridge + 1;
const numTracks = unheard + 1;

/** Playlists of ten tracks, each from one group; one track that is in all of them. */
function planted(numPlaylists = 80): Interactions {
  const { shuffle } = createRandom(1, 'planted');
  const rows: number[] = [];
  const cols: number[] = [];
  for (let playlist = 0; playlist < numPlaylists; playlist++) {
    const group = playlist % numGroups;
    const tracks = shuffle([...Array(tracksPerGroup).keys()]).slice(0, 10);
    for (const track of [...tracks.map((t) => group * tracksPerGroup + t), bridge]) {
      rows.push(playlist);
      cols.push(track);
    }
  }
  return fromTriples(rows, cols, undefined, numPlaylists, numTracks);
}

describe('embedTracks', () => {
  test('separates two groups of playlists: the nearest of a track are of its own group', () => {
    const { dim, vectors, seen } = embedTracks(planted(), {
      dim: 16,
      epochs: 30,
      subsample: 0,
      seed: 5,
    });
    const allowed = seen.slice();
    allowed[bridge] = 0;
    for (let track = 0; track < bridge; track++) {
      const query = vectors.slice(track * dim, (track + 1) * dim);
      const { indices, scores } = nearest(query, vectors, { k: 80, metric: 'cosine', allowed });
      const group = Math.floor(track / tracksPerGroup);
      const groups = [...indices].map((other) => Math.floor(other / tracksPerGroup));
      expect(groups.slice(0, tracksPerGroup)).toEqual(new Array(tracksPerGroup).fill(group));
      expect(scores[tracksPerGroup - 1]! - scores[tracksPerGroup]!).toBeGreaterThan(0.1);
    }
  });

  test('the loss falls', () => {
    const losses: number[] = [];
    embedTracks(planted(), { dim: 16, epochs: 20 }, (_, loss) => losses.push(loss));
    expect(losses).toHaveLength(20);
    expect(losses[0]).toBeLessThan(6 * Math.LN2 * 1.01);
    expect(losses[19]).toBeLessThan(losses[0]! * 0.9);
  });

  test('says which tracks were seen; the others have zero vectors', () => {
    const { dim, vectors, seen } = embedTracks(planted(), { epochs: 1 });
    expect(vectors.length).toBe(numTracks * dim);
    expect([...seen]).toEqual([...new Array<number>(bridge + 1).fill(1), 0]);
    expect(vectors.subarray(unheard * dim).every((value) => value === 0)).toBe(true);
    expect(vectors.every((value) => Number.isFinite(value))).toBe(true);
  });

  test('leaves out tracks of fewer playlists than asked for', () => {
    const playlists = fromTriples([0, 0, 1, 1, 1], [0, 1, 0, 1, 2], undefined, 2, 3);
    const { dim, vectors, seen } = embedTracks(playlists, { minCount: 2 });
    expect([...seen]).toEqual([1, 1, 0]);
    expect(vectors.subarray(2 * dim).every((value) => value === 0)).toBe(true);
  });

  test('the same seed gives the same bytes, another seed others', () => {
    const first = embedTracks(planted(), { epochs: 2, seed: 1 });
    expect(embedTracks(planted(), { epochs: 2, seed: 1 })).toEqual(first);
    expect(embedTracks(planted(), { epochs: 2, seed: 2 }).vectors).not.toEqual(first.vectors);
  });

  test('subsampling changes nothing for tracks that are rare enough, and passes over the others', () => {
    const bytes = (subsample: number, epochs = 3) =>
      embedTracks(planted(), { epochs, subsample }).vectors;
    // The bridge is one in eleven memberships, the most frequent: 0.382 / 11 keeps even that.
    expect(bytes(0.035)).toEqual(bytes(0));
    expect(bytes(0.034)).not.toEqual(bytes(0));
    expect(bytes(1e-15)).toEqual(bytes(0, 0));
  });

  test('playlists of one track, or none, teach nothing and break nothing', () => {
    const lonely = fromTriples([0, 1], [0, 1], undefined, 3, 2);
    const before = embedTracks(lonely, { epochs: 0 });
    expect(embedTracks(lonely, { epochs: 3 })).toEqual(before);
    expect(embedTracks(fromTriples([], [], undefined, 0, 4)).seen).toEqual(new Uint8Array(4));
  });

  test('refuses wrong options by name', () => {
    expect(() => embedTracks(planted(), { dim: 6 })).toThrow('dim');
    expect(() => embedTracks(planted(), { learningRate: 0 })).toThrow('learningRate');
    expect(() => embedTracks(planted(), { negatives: 0 })).toThrow('negatives');
  });
});
