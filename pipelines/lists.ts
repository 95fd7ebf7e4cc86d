import { z } from 'zod';
import { weekKeyPattern } from '../model/week.ts';

/**
 * One schema each for a listener's weekly list, the message that carries it and the document that
 * keeps it. All have a version (`v`).
 */

/** Where a candidate came from; kept on the list, reported as shares. */
export const candidateSources = ['factors', 'playlists', 'text', 'popularity', 'artists'] as const;
export type CandidateSourceName = (typeof candidateSources)[number];

export const listedTrack = z.object({
  trackId: z.string(),
  title: z.string(),
  /** Lead artist first. */
  artists: z.array(z.string()).min(1),
  artistId: z.string(),
  album: z.string().optional(),
  lengthS: z.int().positive().optional(),
  /** In words: "because you played Mogwai", "often playlisted with ...". */
  reason: z.string().min(1),
  source: z.enum(candidateSources),
});
export type ListedTrack = z.infer<typeof listedTrack>;

/** What the stage `playlists` makes: one line of NDJSON for each listener. */
export const weeklyList = z.object({
  user: z.string().min(1),
  week: z.string().regex(weekKeyPattern),
  /** IANA. */
  zone: z.string().min(1),
  /** ISO 3166-1 alpha-2, where the zone has one. */
  country: z.string().length(2).optional(),
  tracks: z.array(listedTrack).length(30),
  /** Version of the ranker that scored it, `ranker-<fingerprint>`. */
  model: z.string(),
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

/** The RabbitMQ message: lists of one zone. */
export const batchMessage = z.object({
  v: z.literal(1),
  order: deliveryOrder,
  /** 0-based. */
  batch: z.int().nonnegative(),
  batches: z.int().positive(),
  lists: z.array(weeklyList).min(1),
});
export type BatchMessage = z.infer<typeof batchMessage>;

/** The document in the collection `playlists`; `_id` is `user:week`. */
export const playlistDocument = z.object({
  _id: z.string(),
  v: z.literal(1),
  user: z.string(),
  week: z.string(),
  zone: z.string(),
  validFrom: z.date(),
  tracks: z.array(listedTrack).length(30),
  model: z.string(),
  revision: z.int().positive(),
  order: z.string(),
  /** Key of the cover: hash of (picture content, week), or of (user, week) where there is no picture. */
  cover: z.string(),
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
  /** The lists of a zone, ordered by user; the same order at each call. */
  read(zone: string): AsyncIterable<WeeklyList>;
}

/** Where frozen lists are found again: for delivery, re-delivery and the last-eight-weeks rule. */
export interface ListArchive {
  /** The newest lists of a week, or undefined where the week has not been made. */
  find(week: string): Promise<FrozenLists | undefined>;
  /** Weeks that have lists, ascending. */
  weeks(): Promise<string[]>;
}
