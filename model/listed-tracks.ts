import { sourceNames, type SourceName } from './candidates/pool.ts';
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

/** The 60 bits of an id, in two halves. */
export interface IdKeys {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
}

const idPattern = /^[ta][0-9a-f]{15}$/;

/** @throws RangeError for what is not `t` or `a` and 15 hexadecimal digits */
export function idKeys(ids: readonly string[]): IdKeys {
  const low = new Uint32Array(ids.length);
  const high = new Uint32Array(ids.length);
  for (let n = 0; n < ids.length; n++) {
    const id = ids[n]!;
    if (!idPattern.test(id)) {
      throw new RangeError(`id: expected "t" or "a" and 15 hexadecimal digits, got "${id}"`);
    }
    high[n] = parseInt(id.slice(1, 8), 16);
    low[n] = parseInt(id.slice(8), 16);
  }
  return { low, high };
}

/** Writes the tracks of lists, one after the other. */
export class TracksWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;
  #words: string[] = [];

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

  /** A reference to a term or a place. */
  word(word: string): void {
    this.#grow(1);
    let at = this.#words.indexOf(word);
    if (at === -1) at = this.#words.push(word) - 1;
    if (at > 255) throw new RangeError(`list: expected at most 256 words, got "${word}" too`);
    this.#bytes[this.#size++] = at;
  }

  /** Ends the list; the next track is the first of another one. */
  finish(): StoredTracks {
    const tracks = this.#bytes.slice(0, this.#size);
    const words = this.#words;
    this.#size = 0;
    if (words.length === 0) return { tracks };
    this.#words = [];
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

/** @throws RangeError where the bytes are not what `TracksWriter` writes, with the place */
export function readTracks({ tracks, words = [] }: StoredTracks): ListedId[] {
  const view = new DataView(tracks.buffer, tracks.byteOffset, tracks.byteLength);
  const listed: ListedId[] = [];
  let at = 0;
  const need = (bytes: number) => {
    if (at + bytes > tracks.length) {
      throw new RangeError(
        `list: expected ${bytes} more bytes at ${at}, got ${tracks.length - at}`,
      );
    }
  };
  const id = (letter: 't' | 'a') => {
    need(8);
    const low = view.getUint32(at, true).toString(16).padStart(8, '0');
    const high = view
      .getUint32(at + 4, true)
      .toString(16)
      .padStart(7, '0');
    if (high.length > 7) throw new RangeError(`list: expected a key at ${at}, got ${high}${low}`);
    at += 8;
    return `${letter}${high}${low}`;
  };
  const word = () => {
    need(1);
    const found = words[tracks[at]!];
    if (found === undefined) {
      throw new RangeError(
        `list: expected one of ${words.length} words at ${at}, got ${tracks[at]}`,
      );
    }
    at++;
    return found;
  };
  while (at < tracks.length) {
    need(2);
    const source = sourceNames[tracks[at]!];
    const reason = tracks[at + 1]!;
    const kind = reasonKinds[reason];
    if (source === undefined || kind === undefined) {
      throw new RangeError(
        `list: expected a source and a reason at ${at}, got ${tracks[at]} and ${reason}`,
      );
    }
    at += 2;
    const trackId = id('t');
    const references = kind.refersTo.map((what) => {
      if (what === 'track') return id('t');
      return what === 'artist' ? id('a') : word();
    });
    listed.push({ trackId, source, reason, references });
  }
  return listed;
}
