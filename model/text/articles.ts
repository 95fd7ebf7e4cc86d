import { albumsIn, type AlbumNames } from './albums.ts';
import { describe } from './descriptions.ts';
import type { GenreNames } from './terms.ts';
import { paragraphsOf, sentencesOf, wordsOf } from './tokens.ts';

/** What is said of an artist or album, in the order said, repeats kept. */
export interface Said {
  /** Adjectives said of sound, and nouns. */
  readonly terms: string[];
  /** Adjectives that may be about something else, see `Description`. */
  readonly doubtful: string[];
}

export interface Article extends Said {
  /** What the sentences around each album it names say, by the catalogue's album name. */
  readonly albums: ReadonlyMap<string, Said>;
}

/**
 * Reads an article about one artist. A sentence that names an album says what it says of that
 * album, and so does the next one of the paragraph unless it names albums itself.
 */
export function readArticle(body: string, genres: GenreNames, names: AlbumNames): Article {
  const article = { ...nothingSaid(), albums: new Map<string, Said>() };
  for (const paragraph of paragraphsOf(body)) {
    let about: readonly string[] = [];
    for (const sentence of sentencesOf(paragraph)) {
      const words = wordsOf(sentence);
      const { adjectives, doubtful, nouns } = describe(words, genres);
      const named = albumsIn(words, names);
      const albums = (named.length > 0 ? named : about).map((album) => {
        const said = article.albums.get(album) ?? nothingSaid();
        article.albums.set(album, said);
        return said;
      });
      for (const said of [article, ...albums]) {
        said.terms.push(...adjectives, ...nouns);
        said.doubtful.push(...doubtful);
      }
      about = named;
    }
  }
  return article;
}

function nothingSaid(): Said {
  return { terms: [], doubtful: [] };
}
