import { z } from 'zod';
import { sourceNames } from '../model/candidates/pool.ts';
import { weekKeyPattern } from '../model/week.ts';

/**
 * One schema each for a listener's weekly list, the message that carries it and the document that
 * keeps it. All have a version (`v`).
 */

/** What a track is called; kept once, whichever lists it is on. */
export const trackName = z.object({
  trackId: z.string(),
  title: z.string(),
  /** Lead artist first. */
  artists: z.array(z.string()).min(1),
  artistId: z.string(),
  album: z.string().optional(),
  lengthS: z.int().positive().optional(),
});
export type TrackName = z.infer<typeof trackName>;

export const listedTrack = trackName.extend({
  /** In words: "because you played Mogwai", "often playlisted with ...". */
  reason: z.string().min(1),
  source: z.enum(sourceNames),
});
export type ListedTrack = z.infer<typeof listedTrack>;

/** What an artist is called, where a reason names them. */
export const artistName = z.object({ artistId: z.string(), name: z.string() });
export type ArtistName = z.infer<typeof artistName>;

const bytes: z.ZodType<Uint8Array> = z.instanceof(Uint8Array);
const words: z.ZodType<readonly string[]> = z.array(z.string());

/** What the stage `lists` makes for a listener: ids and codes, see `model/listed-tracks.ts`. */
export const weeklyList = z.object({
  user: z.string().min(1),
  tracks: bytes,
  /** Left out where there are none. */
  words: words.optional(),
});
export type WeeklyList = z.infer<typeof weeklyList>;

/** A delivery order: "deliver the lists of this week and zone". Applied twice, it counts once. */
export const deliveryOrder = z.object({
  /** `2014-W36:Asia/Jakarta:1` */
  id: z.string(),
  week: z.string().regex(weekKeyPattern),
  zone: z.string(),
  /** 1 for the first delivery of the week in the zone, one more for each re-delivery. */
  revision: z.int().positive(),
  /** Fingerprint of the lists that were ordered. */
  lists: z.string(),
  /** Monday 00:00 there, as an instant. */
  validFrom: z.iso.datetime(),
  /** Whether the week was long past when ordered: then it is neither on time nor late. */
  backfill: z.boolean(),
});
export type DeliveryOrder = z.infer<typeof deliveryOrder>;

/**
 * The RabbitMQ message: lists of one zone. On the wire BSON documents one after the other, each
 * with its length first: the batch without its lists, then each list.
 */
export const batchMessage = z.object({
  v: z.literal(2),
  order: deliveryOrder,
  /** Version of the ranker that scored the lists, `ranker-<fingerprint>`. */
  model: z.string(),
  /** 0-based. */
  batch: z.int().nonnegative(),
  batches: z.int().positive(),
  lists: z.array(weeklyList).min(1),
});
export type BatchMessage = z.infer<typeof batchMessage>;

/** The document in the collection `playlists`; `_id` is `user:week`. */
export const playlistDocument = z.object({
  _id: z.string(),
  v: z.literal(2),
  user: z.string(),
  week: z.string(),
  zone: z.string(),
  validFrom: z.date(),
  /** As `WeeklyList.tracks`; BSON binary when stored. */
  tracks: bytes,
  words: words.optional(),
  model: z.string(),
  revision: z.int().positive(),
  order: z.string(),
  /** First 32 hexadecimal digits of the hash of the listener's picture; left out where there is none. */
  picture: z.string().optional(),
  storedAt: z.date(),
});
export type PlaylistDocument = z.infer<typeof playlistDocument>;

/** The lists of one week as they were made; frozen. */
export interface FrozenLists {
  readonly week: string;
  /** Fingerprint of the artifact: the same lists have the same one. */
  readonly fingerprint: string;
  readonly model: string;
  /** Every zone that has lists, ordered by name. */
  readonly zones: readonly { zone: string; listeners: number }[];
  /** The lists of a zone; the same order at each call. */
  read(zone: string): AsyncIterable<WeeklyList>;
  /** Names of all that the lists refer to: tracks listed or named in a reason, artists named. */
  trackNames(): AsyncIterable<TrackName>;
  artistNames(): AsyncIterable<ArtistName>;
}

/** Where frozen lists are found again: for delivery, re-delivery and the last-eight-weeks rule. */
export interface ListArchive {
  /** The newest lists of a week, or undefined where the week has not been made. */
  find(week: string): Promise<FrozenLists | undefined>;
  /** Weeks that have lists, ascending. */
  weeks(): Promise<string[]>;
}
