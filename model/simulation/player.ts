import type { Random } from '../random.ts';
import { drawAlias } from './alias.ts';
import { styleShares, zoneOn, type Listener } from './listener.ts';
import { stylesPerTaste } from './tastes.ts';
import type { World } from './world.ts';
import { zones } from './zones.ts';

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

/** Draws that may be refused before the hit of all hits is played instead. */
const maxTries = 24;

/** Chooses what a listener plays, one track after the other, and remembers it. */
export class Player {
  readonly #world: World;
  readonly #listener: Listener;
  readonly #played: number[] = [];
  #random: Random;
  #week = 0;
  /** The taste, an index in `listener.tastes`, to which the session leans. */
  #leaning = 0;

  constructor(world: World, listener: Listener, random: Random) {
    this.#world = world;
    this.#listener = listener;
    this.#random = random;
  }

  /** Goes on with another stream of chance and the same memory. */
  useRandom(random: Random): void {
    this.#random = random;
  }

  /** Begins a session of a week, leaning to one of the listener's tastes. */
  sitDown(week: number): void {
    this.#week = week;
    this.#leaning = this.#drawSlot();
  }

  /** The next track, one that was out on the (UTC) day. */
  next(day: number): number {
    const track = this.#choose(day);
    this.#played.push(track);
    return track;
  }

  #choose(day: number): number {
    const random = this.#random;
    const u = random.uniform();
    if (this.#played.length > 0 && u < replayShare + followShare) {
      const before = this.#played[random.int(this.#played.length)]!;
      if (u < replayShare) return before;
      const { artistOf, byArtist, releasedOn } = this.#world.catalogue;
      const artist = artistOf[before]!;
      const track = byArtist.starts[artist]! + drawAlias(byArtist, artist, random);
      if (releasedOn[track]! <= day) return track;
    }
    return this.#fresh(day);
  }

  #fresh(day: number): number {
    const { artists, artistOf, releasedOn, anchor } = this.#world.catalogue;
    const { area } = zones[zoneOn(this.#listener, day)]!;
    for (let attempt = 0; attempt < maxTries; attempt++) {
      const track = this.#drawFresh();
      if (track < 0 || releasedOn[track]! > day) continue;
      const artist = artists[artistOf[track]!]!;
      if (!artist.local || artist.area === area) return track;
      if (this.#random.uniform() < abroadShare) return track;
    }
    return anchor;
  }

  #drawFresh(): number {
    const { byWeight, numTracks } = this.#world.catalogue;
    const u = this.#random.uniform();
    if (u < hitShare) return drawAlias(byWeight, 0, this.#random);
    if (u < hitShare + anythingShare) return this.#random.int(numTracks);
    return this.#drawOfTaste();
  }

  /** -1 where the drawn style has no tracks. */
  #drawOfTaste(): number {
    const { byCell, cellTracks } = this.#world.catalogue;
    const slot = this.#random.uniform() < sessionShare ? this.#leaning : this.#drawSlot();
    const u = this.#random.uniform();
    const style = u < styleShares[0] ? 0 : u < styleShares[0] + styleShares[1] ? 1 : 2;
    const cell = this.#listener.cells[slot * stylesPerTaste + style]!;
    const entry = drawAlias(byCell, cell, this.#random);
    return entry < 0 ? -1 : cellTracks[byCell.starts[cell]! + entry]!;
  }

  #drawSlot(): number {
    const { tastes, mixtures } = this.#listener;
    let left = this.#random.uniform();
    for (let slot = 0; slot < tastes.length - 1; slot++) {
      left -= mixtures[this.#week * tastes.length + slot]!;
      if (left < 0) return slot;
    }
    return tastes.length - 1;
  }
}
