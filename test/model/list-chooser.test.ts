import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadTensorflow } from '../../infra/tensorflow.ts';
import { assemblyOptions } from '../../model/assembly/candidates.ts';
import {
  ListChooser,
  type ChooserListeners,
  type ChooserOptions,
  type ChosenList,
} from '../../model/assembly/list-chooser.ts';
import { mostAlike } from '../../model/candidates/evidence.ts';
import { featureNames } from '../../model/candidates/features.ts';
import { candidateOptions } from '../../model/candidates/generate.ts';
import type { Ragged } from '../../model/candidates/listener.ts';
import { sourceNames } from '../../model/candidates/pool.ts';
import type { Tensorflow } from '../../model/ranker/network.ts';
import { score, Scorer } from '../../model/ranker/score.ts';
import { listenerOf } from '../../pipelines/world.ts';
import { benchRanker } from '../bench/lists/ranker.ts';
import { listWorld } from '../bench/lists/world.ts';

const world = listWorld({
  listeners: 40,
  tracks: 1500,
  artists: 300,
  neighbours: 10,
  heard: 15,
  seed: 1,
});
const row = ({ start, indices }: Ragged, index: number): Int32Array =>
  indices.subarray(start[index], start[index + 1]);
const known: ChooserListeners = {
  listener: (index) => listenerOf(world, index),
  heard: (index) => row(world.heard, index),
  delivered: (index) => row(world.delivered, index),
};
const options: ChooserOptions = {
  candidates: candidateOptions.parse({}),
  assembly: assemblyOptions.parse({}),
};
const ranker = benchRanker();
let tf: Tensorflow;

beforeAll(async () => {
  tf = await loadTensorflow();
}, 300_000);

function chosen(listeners: Int32Array, some: Partial<ChooserOptions> = {}): ChosenList[] {
  const scorer = new Scorer(tf, ranker, featureNames);
  try {
    return new ListChooser(world, known, scorer, { ...options, ...some }).choose(listeners);
  } finally {
    scorer.dispose();
  }
}

describe('the lists that are chosen', () => {
  test('do not depend on who else is looked at, how many together or in which order', () => {
    const lists = chosen(world.listeners);
    expect(chosen(world.listeners, { together: 1 })).toEqual(lists);
    expect(chosen(world.listeners, { together: 7 })).toEqual(lists);
    expect(chosen(world.listeners.slice().reverse())).toEqual(lists.toReversed());
  });

  test('hold nothing heard or listed lately, and 30 works of 30 artists', () => {
    const { work, artist } = world.tracks;
    for (const { listener, tracks } of chosen(world.listeners)) {
      const works = Array.from(tracks, (track) => work[track]!);
      const barred = new Set([...known.heard(listener), ...known.delivered(listener)]);
      expect(works.filter((of) => barred.has(of))).toEqual([]);
      expect(new Set(works).size).toBe(30);
      expect(new Set(Array.from(tracks, (track) => artist[track]!)).size).toBe(30);
    }
  });

  test('say of each track who speaks for it, and whom the reason names', () => {
    const { artist } = world.tracks;
    const spoke = new Set<string>();
    for (const { listener, tracks, source, because, artistPlayed } of chosen(world.listeners)) {
      const {
        artists,
        artistConfidence,
        tracks: played,
        trackConfidence,
      } = listenerOf(world, listener);
      for (const [n, track] of tracks.entries()) {
        const of = artist[track]!;
        const name = sourceNames[source[n]!]!;
        expect(artistPlayed[n]).toBe(artists.includes(of) ? 1 : 0);
        if (name === 'factors') {
          expect(because[n]).toBe(mostAlike(world.trackFactors, track, played, trackConfidence));
        } else if (name === 'artists') {
          const alike = mostAlike(world.artistFactors, of, artists, artistConfidence);
          expect(because[n]).toBe(artists.includes(of) ? of : alike);
        } else if (name === 'playlists') expect(played).toContain(because[n]);
        else if (name === 'text') expect(artists).toContain(because[n]);
        spoke.add(name);
      }
    }
    // Nothing is known of the sound of this world.
    expect([...spoke].sort()).toEqual(sourceNames.filter((name) => name !== 'audio').sort());
  });

  test('are explained by the rows that the ranker scored', () => {
    const lists = chosen(world.listeners, { explain: true });
    for (const { candidates, tracks, from } of lists) {
      expect(from!.track).toHaveLength(candidates);
      const { features } = from!;
      expect(from!.score).toEqual(score(tf, ranker, { featureNames, features }));
      expect([...tracks].every((track) => from!.track.includes(track))).toBe(true);
    }
    expect(lists.map(({ tracks }) => tracks)).toEqual(
      chosen(world.listeners).map(({ tracks }) => tracks),
    );
  });

  test('are chosen from far more where they come out too short', () => {
    const few = {
      quotas: { factors: 0, playlists: 0, text: 0, popularity: 0, artists: 0 },
      atLeast: 30,
    };
    const lists = chosen(world.listeners, { candidates: candidateOptions.parse(few) });
    const widened = lists.filter(({ candidates }) => candidates > 30);
    expect(widened.length).toBeGreaterThan(0);
    for (const { tracks } of lists) expect(tracks).toHaveLength(30);
  });
});
