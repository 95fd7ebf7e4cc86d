import type { IdKeys } from '../model/ids.ts';
import { TracksWriter, type StoredTracks } from '../model/listed-tracks.ts';
import { sourceNames } from '../model/candidates/pool.ts';
import type { ChosenList } from '../model/assembly/list-chooser.ts';
import { placeName, reasonFor, reasonKinds, type Evidence } from '../model/reasons.ts';
import type { Sql } from './ports.ts';
import { readSharedTerms, sharedTerm, type SharedTerms } from './shared-terms.ts';
import type { World } from './world.ts';

/** What ids and codes are made from, by index of the world. */
export interface ListReferences {
  readonly trackKeys: IdKeys;
  readonly artistKeys: IdKeys;
  /** [tracks] the lead artist of each. */
  readonly artist: Int32Array;
  readonly shared: SharedTerms;
  /** As in the world. */
  readonly places: readonly string[];
}

/** Reads ids and terms of the catalogue and the texts; keys ascend. */
export async function readReferences(
  sql: Sql,
  { tracks, places }: Pick<World, 'tracks' | 'places'>,
): Promise<ListReferences> {
  return {
    trackKeys: await readKeys(sql, 'track'),
    artistKeys: await readKeys(sql, 'artist'),
    artist: tracks.artist,
    shared: await readSharedTerms(sql, tracks.numArtists),
    places,
  };
}

/** The tracks of a list, with the evidence for each. */
type ListedChoice = Pick<ChosenList, 'tracks' | 'source' | 'because' | 'artistPlayed'>;

/** Writes what is chosen for listeners as ids and codes, with a reason for each track. */
export class ListEncoder {
  readonly #references: ListReferences;
  /** [places] whether there are words for it. */
  readonly #named: readonly boolean[];
  readonly #terms: readonly Evidence['term'][];
  readonly #writer = new TracksWriter();
  /** One for all tracks, in turn. */
  readonly #evidence: { -readonly [Key in keyof Evidence]: Evidence[Key] } = {
    source: 'factors',
    artist: -1,
    artistPlayed: false,
    because: -1,
    becauseArtist: -1,
    term: undefined,
  };

  constructor(references: ListReferences) {
    this.#references = references;
    this.#named = references.places.map((place) => placeName(place) !== undefined);
    this.#terms = references.shared.terms.map(({ adjective }, index) => ({ index, adjective }));
  }

  encode(list: ListedChoice): StoredTracks {
    const { trackKeys, artistKeys, shared, places } = this.#references;
    const writer = this.#writer;
    for (let n = 0; n < list.tracks.length; n++) {
      const { code, references } = reasonFor(this.#evidenceFor(list, n));
      const { refersTo } = reasonKinds[code]!;
      writer.track(list.source[n]!, code, trackKeys, list.tracks[n]!);
      for (let at = 0; at < refersTo.length; at++) {
        const reference = references[at]!;
        switch (refersTo[at]) {
          case 'track':
            writer.key(trackKeys, reference);
            break;
          case 'artist':
            writer.key(artistKeys, reference);
            break;
          case 'term':
            writer.word(shared.terms[reference]!.term);
            break;
          default:
            writer.word(places[reference]!);
        }
      }
    }
    return writer.finish();
  }

  #evidenceFor(list: ListedChoice, n: number): Evidence {
    const { artist, shared } = this.#references;
    const evidence = this.#evidence;
    const source = sourceNames[list.source[n]!]!;
    const because = list.because[n]!;
    evidence.source = source;
    evidence.artist = artist[list.tracks[n]!]!;
    evidence.artistPlayed = list.artistPlayed[n] === 1;
    evidence.because = because;
    evidence.becauseArtist = -1;
    evidence.term = undefined;
    if (because === -1) return evidence;
    if (source === 'popularity') {
      if (this.#named[because] !== true) evidence.because = -1;
    } else if (source === 'text') {
      const term = sharedTerm(shared, because, evidence.artist);
      const fits = term !== -1 && this.#writer.hasRoomFor(shared.terms[term]!.term);
      if (fits) evidence.term = this.#terms[term];
    } else if (source !== 'artists') {
      evidence.becauseArtist = artist[because]!;
    }
    return evidence;
  }
}

async function readKeys(sql: Sql, what: 'track' | 'artist'): Promise<IdKeys> {
  const { high, low } = await sql.columns<'high' | 'low'>(
    `SELECT CAST('0x' || substr(${what}_id, 2, 7) AS UINTEGER) AS high,
            CAST('0x' || substr(${what}_id, 9) AS UINTEGER) AS low
     FROM catalogue.${what}s ORDER BY ${what}_ix`,
  );
  return { high: Uint32Array.from(high), low: Uint32Array.from(low) };
}
