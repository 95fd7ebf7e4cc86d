import { z } from 'zod';
import { dayOf, isoDate, isMonday } from './days.ts';

/** Raise it when the same options no longer give the same bytes. */
export const simulationVersion = 1;

/** What to simulate. The same options give the same bytes, on every machine. */
export const simulationOptions = z.strictObject({
  /** People who listen, 1 to 100,000,000. Default 2,000. */
  listeners: z.int().min(1).max(100_000_000).default(2_000),
  /** Tracks of the catalogue, 500 to 10,000,000. Default 20,000. Memory grows with them. */
  tracks: z.int().min(500).max(10_000_000).default(20_000),
  /** Names the random streams. Default 1. */
  seed: z.int().default(1),
  /** Weeks of history, 1 to 520. Default 12. */
  weeks: z.int().min(1).max(520).default(12),
  /**
   * The Monday, at 00:00 of each listener's own zone, before which the history ends; the week to
   * make begins there. Default 2026-01-05, which is ISO week 2026-W02.
   */
  endsOn: z.iso
    .date()
    .refine((date) => isMonday(dayOf(date)), { error: 'expected a Monday such as 2026-01-05' })
    .default('2026-01-05'),
  /** Mean listens of a listener over the history, 1 to 10,000; heavy-tailed. Default 40. */
  listensPerListener: z.number().min(1).max(10_000).default(40),
  /** Default: one for 40 tracks, at least 50. */
  playlists: z.int().min(0).max(100_000_000).optional(),
  /** Texts about artists. Default: nine for ten artists; more than artists gives some several. */
  texts: z.int().min(0).max(100_000_000).optional(),
});

export type SimulationOptions = z.infer<typeof simulationOptions>;
/** What a caller may leave out: everything. */
export type SimulationInput = z.input<typeof simulationOptions>;

/** The number of playlists that the options ask for. */
export function numPlaylists(options: SimulationOptions): number {
  return options.playlists ?? Math.max(50, Math.round(options.tracks / 40));
}

/** The number of texts that the options ask for, given how many artists the tracks came to. */
export function numTexts(options: SimulationOptions, numArtists: number): number {
  return options.texts ?? Math.round(numArtists * 0.9);
}

/** The day on which the history begins, `YYYY-MM-DD`: a Monday too. */
export function startsOn(options: SimulationOptions): string {
  return isoDate(dayOf(options.endsOn) - 7 * options.weeks);
}
