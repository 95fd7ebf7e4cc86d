import type {
  ArtistName,
  BatchMessage,
  DeliveryOrder,
  FrozenLists,
  PlaylistDocument,
  TrackName,
} from '../lists.ts';

/**
 * What the delivery needs from the world outside.
 *
 * Terms: an **order** says "deliver the lists of this week and zone"; it is cut into **batches** of
 * lists, each one message. The **ledger** holds one entry for each batch of an order that has been
 * dealt with. A list is delivered when it is stored and the ledger says so.
 */

/** Something outside cannot be reached just now; the same call may succeed later. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** An order as it is kept, with how it was cut. */
export interface PlacedOrder extends DeliveryOrder {
  /** Lists in the order. */
  readonly listeners: number;
  /** Lists in a message; the last may hold fewer. Kept, so that batch 3 is always the same lists. */
  readonly batchSize: number;
  readonly batches: number;
  /** When it is due: milliseconds since 1970. */
  readonly publishAt: number;
  /** When its last batch was last handed to RabbitMQ; undefined until then. */
  readonly publishedAt: number | undefined;
  /** When all of it was first seen delivered; undefined until then. */
  readonly completedAt: number | undefined;
  /** Over what time how many of its lists were stored; known once it is complete. */
  readonly stored?: StoredSpan | undefined;
  /** Version of the zone database that `validFrom` comes from, `2025c`. */
  readonly tzdata?: string | undefined;
}

export interface StoredSpan {
  /** When the first and the last batch were stored: milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly lists: number;
}

export interface OrderBook {
  /** False where an order with that id is there already. */
  place(order: PlacedOrder): Promise<boolean>;
  find(id: string): Promise<PlacedOrder | undefined>;
  /** All orders of a week, by zone, then by revision. */
  ofWeek(week: string): Promise<PlacedOrder[]>;
  /** Orders due at `now` and not complete, by due time. */
  open(now: number): Promise<PlacedOrder[]>;
  /** Makes an order due at another time. */
  dueAt(id: string, publishAt: number): Promise<void>;
  published(id: string, at: number): Promise<void>;
  /** Notes `stored` as well, as the ledger has it. */
  completed(id: string, at: number): Promise<void>;
  /** Neither published nor complete any more. */
  reopened(id: string): Promise<void>;
}

export interface LedgerEntry {
  readonly order: string;
  readonly batch: number;
  readonly week: string;
  readonly zone: string;
  readonly state: 'delivered' | 'failed';
  /** Whose lists; empty where a failed message could not be read. */
  readonly users: readonly string[];
  /** Lists in the batch. */
  readonly lists: number;
  /** Of these, lists that their listener first got after Monday 00:00; 0 in a backfill. */
  readonly late: number;
  /** Why it failed. */
  readonly reason?: string | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Sums over the entries of one order, in lists. */
export interface OrderCount {
  readonly delivered: number;
  readonly failed: number;
  readonly late: number;
}

export interface Ledger {
  find(order: string, batch: number): Promise<LedgerEntry | undefined>;
  /** Writes an entry `delivered`; one `failed` of the same batch gives way. */
  delivered(entry: LedgerEntry): Promise<void>;
  /** Writes an entry `failed`, unless the batch has an entry already. */
  failed(entry: LedgerEntry): Promise<void>;
  /**
   * Says of a failed batch that it was given up: `entry` replaces what the ledger said of it.
   *
   * @returns false where the batch is delivered: then nothing changes
   */
  dropped(entry: LedgerEntry): Promise<boolean>;
  /** Orders without entries are absent. */
  counts(week: string): Promise<Map<string, OrderCount>>;
  /** Batch numbers that are delivered, ascending. */
  deliveredBatches(order: string): Promise<number[]>;
  /** All entries `delivered` of an order, by batch. */
  entries(order: string): AsyncIterable<LedgerEntry>;
  /** Takes entries back: of all failed batches of an order, or of those named. */
  forget(order: string, what: 'failed' | readonly number[]): Promise<void>;
}

/** What is stored of a list, without the list. */
export interface StoredRevision {
  readonly revision: number;
  readonly order: string;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
}

export interface PlaylistStore {
  /**
   * Stores those of which nothing newer, or the same revision, is there.
   *
   * @returns `_id`s of which the answer to the write does not prove that they were added by it; what
   *   is stored of them has to be read back
   */
  upsert(documents: readonly PlaylistDocument[]): Promise<readonly string[]>;
  /** By `_id`; what is not stored is absent. */
  revisions(ids: readonly string[]): Promise<Map<string, StoredRevision>>;
}

/** How far the names of a week's lists are stored, in the order in which the lists give them. */
export interface NamesStored {
  readonly tracks: number;
  readonly artists: number;
  readonly isWhole: boolean;
}

export interface NameStore {
  /** Adds names that are absent and replaces those that have changed; each id once in a call. */
  putTracks(names: readonly TrackName[]): Promise<void>;
  putArtists(names: readonly ArtistName[]): Promise<void>;
  /** @param lists - their fingerprint */
  stored(lists: FrozenLists['fingerprint']): Promise<NamesStored | undefined>;
  markStored(lists: FrozenLists['fingerprint'], stored: NamesStored): Promise<void>;
}

export interface BatchPublisher {
  /** Resolves when the broker has taken the message into a queue; rejects where none takes it. */
  publish(message: BatchMessage): Promise<void>;
  /** Messages that wait for a consumer. */
  backlog(): Promise<number>;
}

export interface CoversAhead {
  /** Asks for covers to be made before their first request. Never rejects; it may be forgotten. */
  ask(keys: readonly string[]): Promise<void>;
}

export interface Pictures {
  /**
   * The listener's newest profile picture: the first 32 hexadecimal digits of its SHA-256, undefined
   * where there is none or it could not be had in time. Never rejects, and settles when the signal
   * aborts.
   */
  newest(user: string, signal: AbortSignal): Promise<string | undefined>;
}

/** What is known of a batch's message beside its content. */
export interface Sent {
  /** When it was handed to the broker (milliseconds since 1970); undefined where it does not say. */
  readonly publishedAt: number | undefined;
  /** False where somebody may have worked on it before: it was delivered again, or tried again. */
  readonly isFirst: boolean;
}
