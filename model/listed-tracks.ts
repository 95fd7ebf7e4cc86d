import { sourceNames, type SourceName } from './candidates/pool.ts';
import { idOf, type IdKeys } from './ids.ts';
import { reasonKinds } from './reasons.ts';

/**
 * The tracks of a list as they are stored: ids and codes, no words. For each track, in playing
 * order:
 *
 *     1 byte   source, an index into `sourceNames`
 *     1 byte   reason, a code of `reasonKinds`
 *     8 bytes  key of the track
 *     for each reference of the reason: 8 bytes, the key of a track or an artist,
 *              or 1 byte, an index into `words`, where it is a term or a place
 *
 * Keys are little-endian. Some 540 bytes for 30 tracks.
 */
export interface StoredTracks {
  readonly tracks: Uint8Array;
  /**
   * Terms and names of places (`Asia/Jakarta`, `NL`) that the reasons refer to; at most 256. Left
   * out where there are none.
   */
  readonly words?: readonly string[] | undefined;
}

/** A track of a list, its names not yet put to it. */
export interface ListedId {
  /** `t` and 15 hexadecimal digits. */
  readonly trackId: string;
  readonly source: SourceName;
  /** Index into `reasonKinds`. */
  readonly reason: number;
  /** What the reason refers to, as its kind says: ids of tracks and artists, terms, places. */
  readonly references: readonly string[];
}

/** Writes the tracks of lists, one after the other. */
export class TracksWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;
  #words: string[] = [];
  #wordBytes = 0;

  /** Begins a track; its references follow, in their order. */
  track(source: number, reason: number, keys: IdKeys, index: number): void {
    this.#grow(10);
    this.#bytes[this.#size++] = source;
    this.#bytes[this.#size++] = reason;
    this.key(keys, index);
  }

  /** A reference to a track or an artist. */
  key(keys: IdKeys, index: number): void {
    this.#grow(8);
    this.#view.setUint32(this.#size, keys.low[index]!, true);
    this.#view.setUint32(this.#size + 4, keys.high[index]!, true);
    this.#size += 8;
  }

  /**
   * A reference to a term or a place.
   *
   * @throws RangeError for the 257th word of a list
   */
  word(word: string): void {
    this.#grow(1);
    let at = this.#words.indexOf(word);
    if (at === -1) {
      at = this.#words.push(word) - 1;
      this.#wordBytes += bytesOfWord(word);
    }
    if (at > 255) throw new RangeError(`list: expected at most 256 words, got "${word}" too`);
    this.#bytes[this.#size++] = at;
  }

  /**
   * Whether a word fits: a list that names every word once and a different one for each track would
   * be twice as large as others.
   */
  hasRoomFor(word: string): boolean {
    return this.#words.includes(word) || this.#wordBytes + bytesOfWord(word) <= maxWordBytes;
  }

  /** Ends the list; the next track is the first of another one. */
  finish(): StoredTracks {
    const tracks = this.#bytes.slice(0, this.#size);
    const words = this.#words;
    this.#size = 0;
    if (words.length === 0) return { tracks };
    this.#words = [];
    this.#wordBytes = 0;
    return { tracks, words };
  }

  #grow(bytes: number): void {
    if (this.#size + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * this.#bytes.length);
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** For the words of a list, where they are left out when there are more: keeps it below 1.5 KB. */
const maxWordBytes = 480;

/** In BSON, as an element of an array. */
function bytesOfWord(word: string): number {
  return 9 + Buffer.byteLength(word);
}

/** What `visitTracks` calls, in the order of the bytes. */
export interface TracksVisitor {
  /** Begins a track. */
  track(low: number, high: number, source: number, reason: number): void;
  /** A reference of the track that was begun last. */
  key?(what: 'track' | 'artist', low: number, high: number): void;
  word?(word: string): void;
}

const keyLimit = 2 ** 28;

/** @throws RangeError where the bytes are not what `TracksWriter` writes, with the place */
export function visitTracks({ tracks, words = [] }: StoredTracks, visitor: TracksVisitor): void {
  const view = new DataView(tracks.buffer, tracks.byteOffset, tracks.byteLength);
  const size = tracks.length;
  let at = 0;
  while (at < size) {
    need(at, 10, size);
    const source = tracks[at]!;
    const reason = tracks[at + 1]!;
    const kind = reasonKinds[reason];
    if (source >= sourceNames.length || kind === undefined) {
      throw new RangeError(
        `list: expected a source and a reason at ${at}, got ${source} and ${reason}`,
      );
    }
    visitor.track(view.getUint32(at + 2, true), highAt(view, at + 6), source, reason);
    at += 10;
    for (const what of kind.refersTo) {
      if (what === 'track' || what === 'artist') {
        need(at, 8, size);
        const high = highAt(view, at + 4);
        visitor.key?.(what, view.getUint32(at, true), high);
        at += 8;
      } else {
        need(at, 1, size);
        const word = words[tracks[at]!];
        if (word === undefined) {
          throw new RangeError(
            `list: expected one of ${words.length} words at ${at}, got ${tracks[at]}`,
          );
        }
        visitor.word?.(word);
        at++;
      }
    }
  }
}

/** @throws RangeError where the bytes are not what `TracksWriter` writes, with the place */
export function readTracks(stored: StoredTracks): ListedId[] {
  const listed: (ListedId & { references: string[] })[] = [];
  visitTracks(stored, {
    track(low, high, source, reason) {
      const trackId = idOf('track', low, high);
      listed.push({ trackId, source: sourceNames[source]!, reason, references: [] });
    },
    key(what, low, high) {
      listed.at(-1)!.references.push(idOf(what, low, high));
    },
    word(word) {
      listed.at(-1)!.references.push(word);
    },
  });
  return listed;
}

function need(at: number, bytes: number, size: number): void {
  if (at + bytes > size) {
    throw new RangeError(`list: expected ${bytes} more bytes at ${at}, got ${size - at}`);
  }
}

function highAt(view: DataView, at: number): number {
  const high = view.getUint32(at, true);
  if (high >= keyLimit) {
    throw new RangeError(`list: expected a key of 60 bits at ${at - 4}, got ${high} above 32 bits`);
  }
  return high;
}
