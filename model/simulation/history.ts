import { randomPoisson } from 'd3-random';
import { createRandom, type Random } from '../random.ts';
import { drawAlias } from './alias.ts';
import { dayMs } from './days.ts';
import { zoneOn, type Listener } from './listener.ts';
import { Player } from './player.ts';
import type { World } from './world.ts';
import { toInstant } from './zone-clock.ts';

/** Plays of one listener, ascending in time, at least half a minute apart. */
export interface Plays {
  readonly length: number;
  /** `[length]`: whole seconds since 1970, UTC. */
  readonly instantS: Float64Array;
  readonly track: Int32Array;
  /** Index in `zones`. */
  readonly zone: Uint8Array;
}

/** A sitting: plays one after the other, from one instant on. */
interface Session {
  readonly startMs: number;
  readonly week: number;
  readonly day: number;
  readonly numPlays: number;
}

/** Mean plays of a session. */
const sessionPlays = 4;

/**
 * The listens of the history and the first plays of the week to make: those of tracks that the
 * history does not hold, each once. Both are a pure function of (options but for the number of
 * listeners, index).
 */
export function simulateListener(
  world: World,
  listener: Listener,
): { history: Plays; firstPlays: Plays } {
  const { seed, weeks } = world.options;
  const random = createRandom(seed, 'history', listener.index);
  const player = new Player(world, listener, random);
  const lastWeek = Math.min(listener.untilWeek, weeks);
  const sessions = drawSessions(
    world,
    listener,
    listener.fromWeek,
    lastWeek,
    listener.numListens,
    random,
  );
  const history = play(world, listener, sessions, world.endDay, player, random);

  const heard = new Set(history.track);
  const next = nextWeek(world, listener, createRandom(seed, 'next week', listener.index), player);
  return { history, firstPlays: select(next, (track) => !heard.has(track) && heard.add(track)) };
}

function nextWeek(world: World, listener: Listener, random: Random, player: Player): Plays {
  const { weeks } = world.options;
  player.useRandom(random);
  const stays = listener.untilWeek > weeks;
  const weekly = listener.numListens / (weeks - listener.fromWeek);
  const count = stays ? randomPoisson.source(random.uniform)(weekly)() : 0;
  const sessions = drawSessions(world, listener, weeks, weeks + 1, count, random);
  return play(world, listener, sessions, world.endDay + 7, player, random);
}

/** Sessions in the weeks `fromWeek` to before `untilWeek`, ascending, of `count` plays together. */
function drawSessions(
  world: World,
  listener: Listener,
  fromWeek: number,
  untilWeek: number,
  count: number,
  random: Random,
): Session[] {
  const sessions: Session[] = [];
  for (let left = count; left > 0;) {
    const week = fromWeek + random.int(untilWeek - fromWeek);
    const hour = drawAlias(world.rhythm, 0, random);
    const localMs = (world.startDay + 7 * week) * dayMs + (hour + random.uniform()) * 3_600_000;
    const day = Math.floor(localMs / dayMs);
    const geometric = 1 + Math.floor(Math.log1p(-random.uniform()) / Math.log1p(-1 / sessionPlays));
    const numPlays = Math.min(left, geometric);
    const startMs = toInstant(world.clocks[zoneOn(listener, day)]!, localMs);
    sessions.push({ startMs, week, day, numPlays });
    left -= numPlays;
  }
  return sessions.sort((a, b) => a.startMs - b.startMs);
}

/** Plays the sessions; what would begin at or after local midnight of `endDay` is not played. */
function play(
  world: World,
  listener: Listener,
  sessions: readonly Session[],
  endDay: number,
  player: Player,
  random: Random,
): Plays {
  const total = sessions.reduce((sum, session) => sum + session.numPlays, 0);
  const instantS = new Float64Array(total);
  const track = new Int32Array(total);
  const zone = new Uint8Array(total);
  const endS = toInstant(world.clocks[zoneOn(listener, endDay)]!, endDay * dayMs) / 1000;
  let length = 0;
  let freeS = -Infinity;
  for (const { startMs, week, day, numPlays } of sessions) {
    player.sitDown(week);
    let nowS = Math.max(Math.floor(startMs / 1000), freeS);
    for (let k = 0; k < numPlays && nowS < endS; k++) {
      const played = player.next(Math.floor((nowS * 1000) / dayMs));
      instantS[length] = nowS;
      track[length] = played;
      zone[length] = zoneOn(listener, day);
      length++;
      // Some tracks are skipped half-way.
      const heardShare = random.uniform() < 0.15 ? 0.4 : 1;
      nowS += Math.max(
        30,
        Math.round(world.catalogue.lengthS[played]! * heardShare) + random.int(9),
      );
    }
    freeS = nowS;
  }
  return {
    length,
    instantS: instantS.subarray(0, length),
    track: track.subarray(0, length),
    zone: zone.subarray(0, length),
  };
}

function select(plays: Plays, keep: (track: number) => unknown): Plays {
  const kept: number[] = [];
  for (let k = 0; k < plays.length; k++) if (keep(plays.track[k]!)) kept.push(k);
  return {
    length: kept.length,
    instantS: Float64Array.from(kept, (k) => plays.instantS[k]!),
    track: Int32Array.from(kept, (k) => plays.track[k]!),
    zone: Uint8Array.from(kept, (k) => plays.zone[k]!),
  };
}
