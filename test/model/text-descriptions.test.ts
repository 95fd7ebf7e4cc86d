import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { albumNames, albumsIn } from '../../model/text/albums.ts';
import { readArticle } from '../../model/text/articles.ts';
import { describe as describeSentence } from '../../model/text/descriptions.ts';
import { isPersonalTag, mergeTags, tagKey } from '../../model/text/tags.ts';
import { describesSound, genreNames, TermIndex } from '../../model/text/terms.ts';
import { fold, paragraphsOf, sentencesOf, wordsOf } from '../../model/text/tokens.ts';

const genres = genreNames(['dream pop', 'alternative rock', 'synth-pop']);
const said = (sentence: string) => describeSentence(wordsOf(sentence), genres);

describe('tokens', () => {
  test('a paragraph falls into sentences, numbers and abbreviations whole', () => {
    const [first, second, ...rest] = sentencesOf(
      'She sold 2.5 million copies in the U.S. market. Her voice is dreamy!',
    );
    expect(first).toBe('She sold 2.5 million copies in the U.S. market.');
    expect(second).toBe('Her voice is dreamy!');
    expect(rest).toEqual([]);
  });

  test('headings go, and sentences that a source joined come apart', () => {
    const paragraphs = paragraphsOf('== Career ==\nShe sings softly.In 2002 she left.\n\n');
    expect(paragraphs).toEqual(['She sings softly. In 2002 she left.']);
  });

  test('hyphens, ampersands and accents stay inside a word, possessives go', () => {
    expect(wordsOf("Björk's lo-fi R&B, don't")).toEqual(['Björk', 'lo-fi', 'R&B', ',', "don't"]);
    expect(wordsOf('')).toEqual([]);
    expect(fold('Sigur RÓS')).toBe('sigur ros');
  });
});

describe('descriptions', () => {
  test('adjectives before a sound noun are found, joined ones and hyphenated ones too', () => {
    expect(said('Her dreamy, lo-fi and slow-burning sound won fans.').adjectives).toEqual([
      'dreamy',
      'slow-burning',
    ]);
    expect(said('Her dreamy, lo-fi and slow-burning sound won fans.').nouns).toEqual(['lo-fi']);
  });

  test('adjectives behind a sound noun are found', () => {
    expect(said('The lyrics are bleak and often witty.').adjectives).toEqual(['bleak', 'witty']);
  });

  test('adjectives of albums and behind "described as" are doubtful', () => {
    const { adjectives, doubtful } = said('Critics described it as hypnotic and a gauzy album.');
    expect(adjectives).toEqual([]);
    expect(doubtful).toEqual(['hypnotic', 'gauzy']);
  });

  test('order, counts, fame, trade and nationality describe nothing', () => {
    const sentence =
      'Her first new American and best-selling studio album of many famous songs was a Swedish record.';
    expect(said(sentence)).toEqual({ adjectives: [], doubtful: [], nouns: [] });
    for (const word of ['new', 'first', 'swedish', 'industrial', 'self-taught', 'two-hour']) {
      expect(describesSound(word)).toBe(false);
    }
  });

  test('adjectives far from music are not taken', () => {
    expect(said('He bought a gloomy house by the sea.').adjectives).toEqual([]);
  });

  test('genres are found in any spelling, ambiguous ones only beside music', () => {
    expect(said('A dream-pop record with alternative rock leanings.').nouns).toEqual([
      'dream pop',
      'alternative rock',
    ]);
    expect(said('He lived in a house in the country.').nouns).toEqual([]);
    expect(said('He makes house music and country songs.').nouns).toEqual(['house', 'country']);
  });

  test('instruments are nouns, in the singular', () => {
    expect(said('She plays violins and the harp.').nouns).toEqual(['violin', 'harp']);
  });
});

describe('tags', () => {
  test('spellings of one tag merge under the most used', () => {
    const merged = mergeTags([
      ['dreampop', 2],
      ['dream-pop', 3],
      ['dream pop', 9],
      ['shoegaze', 1],
      ['Female Vocalist', 2],
      ['female vocalists', 7],
    ]);
    expect([...merged.values()]).toEqual([
      { name: 'dream pop', taggers: 14 },
      { name: 'shoegaze', taggers: 1 },
      { name: 'female vocalists', taggers: 9 },
    ]);
  });

  test('rhythm and blues has one key in all its names', () => {
    const names = ['r&b', 'R & B', 'rnb', 'rhythm and blues', "r'n'b"];
    expect(new Set(names.map(tagKey))).toEqual(new Set(['rnb']));
  });

  test('what tells of the tagger is personal, what tells of the music is not', () => {
    for (const tag of [
      'seen live',
      'favourites',
      'albums i own',
      '<3',
      'my music',
      '2008',
      'awesome',
    ]) {
      expect([tag, isPersonalTag(tag)]).toEqual([tag, true]);
    }
    for (const tag of ['dreamy', '80s', 'female vocalists', 'indie', 'latin', 'drum and bass']) {
      expect([tag, isPersonalTag(tag)]).toEqual([tag, false]);
    }
  });

  test('keys are stable: the key of a key is itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (tag) => {
        // A plural "s" is cut once; a key that still ends in one may lose it again.
        const key = tagKey(tag);
        expect([key, key.replace(/s$/, '')]).toContain(tagKey(key));
      }),
    );
  });

  test('a term has one kind: adjective before tag before noun', () => {
    const terms = new TermIndex(
      mergeTags([
        ['dreamy', 2],
        ['shoegaze', 4],
      ]),
    );
    const ids = ['dreamy', 'shoe-gaze', 'falsetto', 'Shoegaze'].map((term) => terms.idOf(term));
    expect(ids).toEqual([0, 1, 2, 1]);
    expect([0, 1, 2].map((id) => terms.kindOf(id))).toEqual(['adjective', 'tag', 'noun']);
    expect(terms.nameOf(1)).toBe('shoegaze');
    expect(terms.find('unseen')).toBeUndefined();
  });
});

describe('albums', () => {
  const names = albumNames('Lumen', [
    'Lumen',
    'Glass Harbour (Deluxe Edition)',
    'Glass',
    'Greatest Hits',
    'Come Away With Me',
    '21',
  ]);
  const named = (sentence: string) => albumsIn(wordsOf(sentence), names);

  test('an album is found by its name without the edition, the longest name first', () => {
    expect(named('With Glass Harbour she found fame.')).toEqual(['Glass Harbour (Deluxe Edition)']);
    expect(named('Then came Come Away with Me, and Glass.')).toEqual([
      'Come Away With Me',
      'Glass',
    ]);
  });

  test('words inside other names and in lower case are no albums', () => {
    expect(named('The Philip Glass Ensemble played for glass makers.')).toEqual([]);
    expect(named('Glass is brittle.')).toEqual([]);
  });

  test('the artist, numbers and generic titles are not taken for albums', () => {
    expect(named('On stage Lumen, aged 21, sang her Greatest Hits.')).toEqual([]);
  });

  test('an album gets the words around its name and no others', () => {
    const article = readArticle(
      'Her voice is husky. Glass Harbour has dreamy melodies. Its guitars are jangly. The bass is deep.',
      genres,
      names,
    );
    expect([...article.albums.keys()]).toEqual(['Glass Harbour (Deluxe Edition)']);
    const album = article.albums.get('Glass Harbour (Deluxe Edition)')!;
    expect(album.terms).toEqual(['dreamy', 'jangly', 'guitar']);
    expect(article.terms).toEqual(expect.arrayContaining(['husky', 'dreamy', 'jangly', 'deep']));
  });
});
