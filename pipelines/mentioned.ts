import { IdIndex, idOf, type IdKeys } from '../model/ids.ts';
import { visitTracks, type StoredTracks } from '../model/listed-tracks.ts';

/** The tracks and artists of the world that lists refer to: listed, or named in a reason. */
export class Mentioned {
  readonly #ids: { readonly track: IdIndex; readonly artist: IdIndex };
  readonly #seen: { readonly track: Uint8Array; readonly artist: Uint8Array };

  constructor({ trackKeys, artistKeys }: { trackKeys: IdKeys; artistKeys: IdKeys }) {
    this.#ids = { track: new IdIndex(trackKeys), artist: new IdIndex(artistKeys) };
    this.#seen = {
      track: new Uint8Array(trackKeys.low.length),
      artist: new Uint8Array(artistKeys.low.length),
    };
  }

  /** @throws RangeError for bytes that are no list, and for ids that are not of this world */
  add(stored: StoredTracks): void {
    visitTracks(stored, {
      track: (low, high) => this.#mark('track', low, high),
      key: (what, low, high) => this.#mark(what, low, high),
    });
  }

  /** Indices, ascending. */
  tracks(): Int32Array {
    return indicesOf(this.#seen.track);
  }

  /** Only those that a reason names; ascending. */
  artists(): Int32Array {
    return indicesOf(this.#seen.artist);
  }

  #mark(what: 'track' | 'artist', low: number, high: number): void {
    const index = this.#ids[what].find(low, high);
    if (index === -1) {
      throw new RangeError(`list: expected a known ${what}, got ${idOf(what, low, high)}`);
    }
    this.#seen[what][index] = 1;
  }
}

function indicesOf(seen: Uint8Array): Int32Array {
  const indices = new Int32Array(seen.reduce((sum, one) => sum + one, 0));
  let n = 0;
  for (let index = 0; index < seen.length; index++) if (seen[index] === 1) indices[n++] = index;
  return indices;
}
