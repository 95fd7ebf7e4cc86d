import { speakingSource } from '../candidates/evidence.ts';
import type { Listener } from '../candidates/listener.ts';
import { numSources, type CandidatePool } from '../candidates/pool.ts';
import { audioColumns, genresPerTrack, type TrackTable } from '../candidates/tracks.ts';
import type { ScoredCandidates } from './candidates.ts';

const audioWidth = audioColumns.length;
const energyColumn = audioColumns.indexOf('energy');
const valenceColumn = audioColumns.indexOf('valence');
const tempoColumn = audioColumns.indexOf('tempo');

/**
 * What is kept of the candidates of some listeners until they are scored: rows of columns, in the
 * order in which they were added. Used again for the next listeners.
 */
export class ListCandidates {
  /** Rows in use. */
  rows = 0;
  track = new Int32Array(0);
  /** The source that speaks for each, and whom it names (-1: nobody). */
  source = new Uint8Array(0);
  because = new Int32Array(0);
  #artist = new Int32Array(0);
  #work = new Int32Array(0);
  #album = new Int32Array(0);
  #genres = new Int32Array(0);
  /** 1 where the listener plays the lead artist. */
  known = new Uint8Array(0);
  /** Filled in for what is listed, by `describe`. */
  #energy = new Float32Array(0);
  #valence = new Float32Array(0);
  #tempo = new Float32Array(0);

  readonly #tracks: TrackTable;
  /** [numArtists] 1 where the listener plays the artist. */
  readonly #played: Uint8Array;

  constructor(tracks: TrackTable) {
    this.#tracks = tracks;
    this.#played = new Uint8Array(tracks.numArtists);
  }

  clear(): void {
    this.rows = 0;
  }

  /** Adds the candidates of the pool as rows of one listener. */
  add(pool: CandidatePool, { artists }: Listener): void {
    const { size } = pool;
    const first = this.rows;
    this.#makeRoom(first + size);
    const { track, source, because } = this;
    const { artist, work, album, genres } = this.#tracks;
    for (let n = 0; n < artists.length; n++) this.#played[artists[n]!] = 1;
    for (let c = 0; c < size; c++) {
      const row = first + c;
      const index = pool.track[c]!;
      track[row] = index;
      const speaking = speakingSource(pool, c);
      source[row] = speaking;
      because[row] = pool.because[c * numSources + speaking]!;
      this.#artist[row] = artist[index]!;
      this.#work[row] = work[index]!;
      this.#album[row] = album[index]!;
      this.known[row] = this.#played[artist[index]!]!;
      for (let g = 0; g < genresPerTrack; g++) {
        this.#genres[row * genresPerTrack + g] = genres[index * genresPerTrack + g]!;
      }
    }
    for (let n = 0; n < artists.length; n++) this.#played[artists[n]!] = 0;
    this.rows += size;
  }

  /**
   * Rows of one listener as what a list is selected from; views. To be ordered, those selected are
   * described first.
   *
   * @param scores - [rows]
   */
  scored(from: number, to: number, scores: Float32Array): ScoredCandidates {
    return {
      size: to - from,
      track: this.track.subarray(from, to),
      score: scores.subarray(from, to),
      artist: this.#artist.subarray(from, to),
      work: this.#work.subarray(from, to),
      album: this.#album.subarray(from, to),
      genres: this.#genres.subarray(from * genresPerTrack, to * genresPerTrack),
      genresPerTrack,
      energy: this.#energy.subarray(from, to),
      valence: this.#valence.subarray(from, to),
      tempo: this.#tempo.subarray(from, to),
      known: this.known.subarray(from, to),
    };
  }

  /** Fills in how some tracks sound: positions of the listener whose rows begin at `from`. */
  describe(from: number, positions: Int32Array): void {
    const { audio } = this.#tracks;
    for (let n = 0; n < positions.length; n++) {
      const row = from + positions[n]!;
      const at = this.track[row]! * audioWidth;
      this.#energy[row] = audio[at + energyColumn]!;
      this.#valence[row] = audio[at + valenceColumn]!;
      this.#tempo[row] = audio[at + tempoColumn]!;
    }
  }

  #makeRoom(rows: number): void {
    if (rows <= this.track.length) return;
    const room = Math.max(rows, 2 * this.track.length);
    this.track = grown(this.track, new Int32Array(room));
    this.source = grown(this.source, new Uint8Array(room));
    this.because = grown(this.because, new Int32Array(room));
    this.#artist = grown(this.#artist, new Int32Array(room));
    this.#work = grown(this.#work, new Int32Array(room));
    this.#album = grown(this.#album, new Int32Array(room));
    this.#genres = grown(this.#genres, new Int32Array(room * genresPerTrack));
    this.known = grown(this.known, new Uint8Array(room));
    this.#energy = new Float32Array(room);
    this.#valence = new Float32Array(room);
    this.#tempo = new Float32Array(room);
  }
}

function grown<Values extends Int32Array | Uint8Array>(values: Values, into: Values): Values {
  into.set(values);
  return into;
}
