import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { z } from 'zod';
import { Mistake } from '../../model/mistake.ts';
import {
  numPlaylists,
  numTexts,
  simulationOptions,
  simulationVersion,
  startsOn,
  type SimulationInput,
  type SimulationOptions,
} from '../../model/simulation/options.ts';
import { createWorld } from '../../model/simulation/world.ts';
import {
  writeArtistTastes,
  writePlaylists,
  writeRecordings,
  writeTexts,
} from './catalogue-files.ts';
import { writeListens } from './listen-files.ts';
import {
  Output,
  ensureReplaceable,
  filesAreWhole,
  readNote,
  type SimulationProgress,
} from './output.ts';

export type { SimulationProgress } from './output.ts';

const counts = z.object({
  listeners: z.int(),
  artists: z.int(),
  tracks: z.int(),
  /** More than tracks: some have a remaster or a live take. */
  recordings: z.int(),
  playlists: z.int(),
  memberships: z.int(),
  texts: z.int(),
  listens: z.int(),
  /** First plays in the week to make. */
  firstPlays: z.int(),
});

/** The content of `simulation.json`. */
const simulationNote = z.object({
  version: z.int(),
  /** Of the version and the options: the same one, the same bytes. */
  fingerprint: z.string(),
  seed: z.int(),
  options: simulationOptions,
  /** First day of the history, `YYYY-MM-DD`. */
  startsOn: z.string(),
  counts,
  /** Size of each file. */
  bytes: z.record(z.string(), z.int()),
});
export type SimulationNote = z.infer<typeof simulationNote>;

export interface Simulation extends SimulationNote {
  /** Absolute path: a folder in the plain source format, with the planted truth under `truth/`. */
  readonly folder: string;
  /** Whether it was there already and nothing was written. */
  readonly reused: boolean;
}

/**
 * Simulates listeners, tracks, playlists and texts with planted tastes and writes them as a folder
 * of sources: `listens.csv`, `recordings.csv`, `playlists.csv`, `memberships.csv`, `texts.jsonl`.
 * Apart from them, for tests, `truth/listener_tastes.csv`, `truth/artist_tastes.csv` and
 * `truth/next-week.csv`, which no importer reads. Memory grows with the tracks only.
 *
 * A folder that holds the simulation of the same options is used again; one of other options is
 * replaced. Whoever is stopped leaves nothing in the place.
 *
 * @throws Mistake `USAGE` for an option out of range, or a place that holds something else
 */
export async function simulate(
  input: SimulationInput,
  folder: string,
  progress: SimulationProgress = () => undefined,
  signal: AbortSignal = new AbortController().signal,
): Promise<Simulation> {
  const options = parseOptions(input);
  const place = resolve(folder);
  const fingerprint = fingerprintOf(options);
  const found = simulationNote.safeParse(await readNote(place)).data;
  if (found?.fingerprint === fingerprint && (await filesAreWhole(place, found.bytes))) {
    return { ...found, folder: place, reused: true };
  }
  await ensureReplaceable(place);
  signal.throwIfAborted();
  const output = await Output.begin(place, progress, signal);
  try {
    const note = await write(options, fingerprint, output);
    await output.finish(place, note);
    return { ...note, folder: place, reused: false };
  } catch (error) {
    await output.abandon();
    throw error;
  }
}

async function write(
  options: SimulationOptions,
  fingerprint: string,
  output: Output,
): Promise<SimulationNote> {
  const world = createWorld(options);
  const artists = world.catalogue.artists.length;
  await writeRecordings(world, output);
  await writePlaylists(world, output, numPlaylists(options));
  await writeTexts(world, output, numTexts(options, artists));
  await writeArtistTastes(world, output);
  await writeListens(world, output);
  const bytes = await output.close();
  return {
    version: simulationVersion,
    fingerprint,
    seed: options.seed,
    options,
    startsOn: startsOn(options),
    counts: {
      listeners: options.listeners,
      artists,
      tracks: options.tracks,
      recordings: output.rows('recordings.csv'),
      playlists: output.rows('playlists.csv'),
      memberships: output.rows('memberships.csv'),
      texts: output.rows('texts.jsonl'),
      listens: output.rows('listens.csv'),
      firstPlays: output.rows('truth/next-week.csv'),
    },
    bytes,
  };
}

function parseOptions(input: SimulationInput): SimulationOptions {
  const parsed = simulationOptions.safeParse(input);
  if (parsed.success) return Object.freeze(parsed.data);
  const issue = parsed.error.issues[0]!;
  const name = String(issue.path[0] ?? 'options');
  const value: unknown = input[name as keyof SimulationInput];
  throw new Mistake(
    'USAGE',
    `simulation, ${name}: ${issue.message}${value === undefined ? '' : `, got ${JSON.stringify(value)}`}`,
  );
}

function fingerprintOf(options: SimulationOptions): string {
  const sorted = Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([simulationVersion, sorted]))
    .digest('hex')
    .slice(0, 16);
}
