import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Linker, type Examined, type LinkedText } from '../../model/text/linking/link.ts';
import { linkerWeights, type LinkerWeights } from '../../model/text/linking/weights.ts';
import { prepareWorks, type PreparedWorks } from '../../model/text/linking/works.ts';

const folder = join(import.meta.dirname, '..', 'fixtures', 'linking');

/** A link as the fixture writes it. */
export type WrittenLink =
  | { readonly artist: string }
  | { readonly album: string; readonly by: string }
  | { readonly track: string; readonly by: string };

export interface LabelledSentence {
  readonly text: string;
  readonly links: readonly WrittenLink[];
}

interface WrittenArtist {
  readonly name: string;
  readonly albums: readonly string[];
  readonly tracks: readonly string[];
  readonly genres: readonly string[];
}

/** The sentences, in two parts: weights are fitted on `train`, and nobody looks at `held-out` to tune. */
export function labelledSentences(part: 'train' | 'held-out'): LabelledSentence[] {
  return readFileSync(join(folder, `${part}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LabelledSentence);
}

/** The catalogue that is in play for all of the sentences. */
export class FixtureCatalogue {
  readonly linker: Linker;
  readonly #artists: readonly WrittenArtist[];
  readonly #works: readonly PreparedWorks[];

  constructor(weights: LinkerWeights = linkerWeights) {
    const { artists } = JSON.parse(readFileSync(join(folder, 'catalogue.json'), 'utf8')) as {
      artists: WrittenArtist[];
    };
    this.#artists = artists;
    this.#works = artists.map(({ name, albums, tracks, genres }) =>
      prepareWorks({
        ...{ name, albums, genres },
        tracks: tracks.map((title, track) => ({ title, track })),
      }),
    );
    this.linker = new Linker({ artists: artists.map(({ name }) => name) }, weights);
  }

  link(text: string): LinkedText {
    return this.linker.link(this.linker.read(text), (artist) => this.#works[artist]);
  }

  examine(text: string): Examined {
    return this.linker.examine(this.linker.read(text), (artist) => this.#works[artist]);
  }

  /** What was linked, as keys of `keyOf`, with the confidence of each. */
  found({ artists, works }: LinkedText): Map<string, number> {
    return new Map([
      ...artists.map(({ artist, confidence }): [string, number] => [
        keyOf({ artist: this.nameOf(artist) }),
        confidence,
      ]),
      ...works.map(({ artist, album, track, confidence }): [string, number] => {
        const by = this.nameOf(artist);
        const title = this.titleOf(artist, track);
        return [keyOf(album === null ? { track: title!, by } : { album, by }), confidence];
      }),
    ]);
  }

  /** Undefined for no track. */
  titleOf(artist: number, track: number): string | undefined {
    return this.#artists[artist]!.tracks[track];
  }

  nameOf(artist: number): string {
    return this.#artists[artist]!.name;
  }
}

/** `artist Air`, `album Air / Moon Safari`, `track Air / Sexy Boy`. */
export function keyOf(link: WrittenLink): string {
  if ('artist' in link) return `artist ${link.artist}`;
  return 'album' in link ? `album ${link.by} / ${link.album}` : `track ${link.by} / ${link.track}`;
}
