import { createRandom } from '../../model/random.ts';
import { dayMs, isoDate } from '../../model/simulation/days.ts';
import { simulateListener } from '../../model/simulation/history.ts';
import { createListener, mixtureIn, type Listener } from '../../model/simulation/listener.ts';
import { recordingId } from '../../model/simulation/recordings.ts';
import { spell } from '../../model/simulation/spelling.ts';
import { tastes } from '../../model/simulation/tastes.ts';
import type { World } from '../../model/simulation/world.ts';
import { zones } from '../../model/simulation/zones.ts';
import { csvField, csvRow } from './csv.ts';
import type { Output } from './output.ts';
import type { TextFile } from './text-file.ts';

/**
 * The listens, one listener after the other and ascending in time within each, and the truth about
 * the listeners: their tastes, and what they play for the first time in the week to make.
 */
export async function writeListens(world: World, output: Output): Promise<void> {
  const { listeners: numListeners } = world.options;
  const listens = await output.create(
    'listens.csv',
    'listened_at,listener,zone,language,artist,title\n',
  );
  const truth = await output.create('truth/listener_tastes.csv', 'listener,taste,weight\n');
  const nextWeek = await output.create(
    'truth/next-week.csv',
    'listened_at,listener,recording_id,artist,title\n',
  );
  const timestamp = createTimestamp();
  for (let index = 0; index < numListeners; index++) {
    const listener = createListener(world, index);
    const { history, firstPlays } = simulateListener(world, listener);
    const random = createRandom(world.options.seed, 'spelling', index);
    for (let k = 0; k < history.length; k++) {
      const zone = zones[history.zone[k]!]!.name;
      const { artist, title } = spell(world.catalogue, history.track[k]!, random);
      const time = timestamp(history.instantS[k]!);
      listens.add(
        `${time},${listener.id},${zone},${listener.language},${csvField(artist)},${csvField(title)}\n`,
      );
    }
    for (let k = 0; k < firstPlays.length; k++) {
      nextWeek.add(
        firstPlayRow(world, listener, timestamp(firstPlays.instantS[k]!), firstPlays.track[k]!),
      );
    }
    addTastes(truth, world, listener);
    for (const file of [listens, truth, nextWeek]) if (file.full) await file.flush();
    output.step('listeners', index, numListeners);
  }
}

function firstPlayRow(world: World, listener: Listener, time: string, track: number): string {
  const { artists, artistOf, titles } = world.catalogue;
  const artist = artists[artistOf[track]!]!.name;
  return csvRow([time, listener.id, recordingId(track), artist, titles[track]!]);
}

/** The mixture of the week to make; weights of a listener sum to 1 but for rounding. */
function addTastes(truth: TextFile, world: World, listener: Listener): void {
  for (const { taste, weight } of mixtureIn(listener, world.options.weeks)) {
    truth.add(csvRow([listener.id, tastes[taste]!.name, Number(weight.toFixed(6))]));
  }
}

/** `2025-12-01T13:47:51Z` of whole seconds since 1970; dates are kept, as they come again. */
function createTimestamp(): (instantS: number) => string {
  const dayS = dayMs / 1000;
  const dates = new Map<number, string>();
  const two = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
  return (instantS) => {
    const day = Math.floor(instantS / dayS);
    let date = dates.get(day);
    if (date === undefined) dates.set(day, (date = isoDate(day)));
    const second = instantS - day * dayS;
    const minute = Math.floor(second / 60);
    return `${date}T${two[Math.floor(minute / 60)]!}:${two[minute % 60]!}:${two[second % 60]!}Z`;
  };
}
