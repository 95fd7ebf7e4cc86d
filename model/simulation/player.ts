import type { Random } from '../random.ts';
import { drawAlias } from './alias.ts';
import { styleShares, zoneOn, type Listener } from './listener.ts';
import { stylesPerTaste } from './tastes.ts';
import type { World } from './world.ts';
import { zones } from './zones.ts';

/** Chooses what a listener plays, one track after the other; remembers what was played. */
export interface Player {
  /** Begins a session of a week: it leans to one of the listener's tastes. */
  sitDown(week: number): void;
  /** The next track, one that was out on the (UTC) day. */
  next(day: number): number;
  /** The same memory, with another stream of chance. */
  on(random: Random): Player;
}

/** Of ten plays three repeat, with chances in proportion to plays so far: the rich get richer. */
const replayShare = 0.3;
/** Further tracks of artists already played. */
const followShare = 0.15;
/** Of the fresh plays: hits whatever the taste, and anything at all. */
const hitShare = 0.08;
const anythingShare = 0.02;
/** How much of a session stays with its own taste. */
const sessionShare = 0.75;
/** Chance that a local artist of another area is played when drawn. */
const abroadShare = 0.25;

/** A draw is refused for a track that is not out yet, so this many tries are enough. */
const maxTries = 24;

export function createPlayer(world: World, listener: Listener, random: Random): Player {
  return playerWith(world, listener, random, []);
}

function playerWith(world: World, listener: Listener, random: Random, played: number[]): Player {
  const { catalogue } = world;
  const { releasedOn, artistOf, artists, byCell, cellTracks, byArtist } = catalogue;
  const width = listener.tastes.length;
  let week = 0;
  let sessionSlot = 0;

  const drawSlot = (): number => {
    let left = random.uniform();
    for (let slot = 0; slot < width - 1; slot++) {
      left -= listener.mixtures[week * width + slot]!;
      if (left < 0) return slot;
    }
    return width - 1;
  };

  const drawOfTaste = (): number => {
    const slot = random.uniform() < sessionShare ? sessionSlot : drawSlot();
    const u = random.uniform();
    const style = u < styleShares[0] ? 0 : u < styleShares[0] + styleShares[1] ? 1 : 2;
    const cell = listener.cells[slot * stylesPerTaste + style]!;
    const entry = drawAlias(byCell, cell, random);
    return entry < 0 ? -1 : cellTracks[byCell.starts[cell]! + entry]!;
  };

  const drawFresh = (): number => {
    const u = random.uniform();
    if (u < hitShare) return drawAlias(catalogue.byWeight, 0, random);
    if (u < hitShare + anythingShare) return random.int(catalogue.numTracks);
    return drawOfTaste();
  };

  const fresh = (day: number): number => {
    const { area } = zones[zoneOn(listener, day)]!;
    for (let attempt = 0; attempt < maxTries; attempt++) {
      const track = drawFresh();
      if (track < 0 || releasedOn[track]! > day) continue;
      const artist = artists[artistOf[track]!]!;
      if (!artist.local || artist.area === area || random.uniform() < abroadShare) return track;
    }
    return catalogue.anchor;
  };

  const next = (day: number): number => {
    const u = random.uniform();
    if (played.length > 0 && u < replayShare + followShare) {
      const before = played[random.int(played.length)]!;
      if (u < replayShare) return before;
      const artist = artistOf[before]!;
      const track = byArtist.starts[artist]! + drawAlias(byArtist, artist, random);
      if (releasedOn[track]! <= day) return track;
    }
    return fresh(day);
  };

  return {
    sitDown: (ofWeek) => {
      week = ofWeek;
      sessionSlot = drawSlot();
    },
    next: (day) => {
      const track = next(day);
      played.push(track);
      return track;
    },
    on: (other) => playerWith(world, listener, other, played),
  };
}
