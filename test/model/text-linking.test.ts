import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fitLogistic, probability } from '../../model/text/linking/logistic.ts';
import { Linker } from '../../model/text/linking/link.ts';
import { NameTrie } from '../../model/text/linking/names.ts';
import { nameTokens, scanText } from '../../model/text/linking/scan.ts';
import { linkerWeights } from '../../model/text/linking/weights.ts';
import { mentionFeatureNames } from '../../model/text/linking/mentions.ts';
import { titleFeatureNames } from '../../model/text/linking/works.ts';
import { fitSentences } from '../bench/linking/fit-sentences.ts';
import { measureSentences } from '../bench/linking/measure-sentences.ts';
import { FixtureCatalogue, labelledSentences } from '../support/linking.ts';

const catalogue = new FixtureCatalogue();

/** What is linked with a confidence of 0.5 or more. */
function linksIn(text: string): string[] {
  return [...catalogue.found(catalogue.link(text))]
    .filter(([, confidence]) => confidence >= 0.5)
    .map(([key]) => key)
    .sort();
}

describe('the labelled sentences', () => {
  test('are 200 and more, of which nobody looks at a third and more to tune', () => {
    const [train, heldOut] = [labelledSentences('train'), labelledSentences('held-out')];
    expect(heldOut.length).toBeGreaterThanOrEqual(180);
    expect(train.length + heldOut.length).toBeGreaterThanOrEqual(450);
    const texts = new Set(train.map(({ text }) => text));
    expect(heldOut.filter(({ text }) => texts.has(text))).toEqual([]);
  });

  test.each([
    ['all', 0.5, 0.88, 0.9],
    ['all', 0.9, 0.95, 0.55],
    ['artist', 0.5, 0.86, 0.9],
    ['album', 0.5, 0.85, 0.75],
    ['track', 0.5, 0.85, 0.75],
  ] as const)(
    'of %s, from a confidence of %d on, %d of what is found is right, and %d of what is there found',
    (kind, from, precision, recall) => {
      const figures = measureSentences('held-out').find(
        (one) => one.kind === kind && one.from === from,
      )!;
      expect(figures.precision).toBeGreaterThanOrEqual(precision);
      expect(figures.recall).toBeGreaterThanOrEqual(recall);
    },
  );

  test('the weights in the code are those that fitting gives', () => {
    const { mention, title } = fitSentences();
    const rounded = (weights: readonly number[]) => weights.map((weight) => weight.toFixed(3));
    expect(rounded(mention)).toEqual(rounded(linkerWeights.mention));
    expect(rounded(title)).toEqual(rounded(linkerWeights.title));
    expect(mention).toHaveLength(mentionFeatureNames.length);
    expect(title).toHaveLength(titleFeatureNames.length);
  });
});

test.each<[string, string[]]>([
  ['The air was cold.', []],
  ['Yes, he said.', []],
  ['She is low on energy.', []],
  ['The French duo Air released Moon Safari.', ['album Air / Moon Safari', 'artist Air']],
  ["Air's album Moon Safari is twenty.", ['album Air / Moon Safari', 'artist Air']],
  ['“Creep” by Radiohead is back.', ['artist Radiohead', 'track Radiohead / Creep']],
  ['Simon and Garfunkel sang.', ['artist Simon & Garfunkel']],
  ['AC/DC and P!nk toured.', ['artist AC/DC', 'artist P!nk']],
  ['', []],
])('in "%s" it finds %j', (text, links) => {
  expect(linksIn(text)).toEqual(links);
});

test('a last name means whom the whole name was given to', () => {
  const { artists } = catalogue.link('Patti Smith read a poem. Later Smith sang, and Smith left.');
  const smith = artists.find(({ artist }) => catalogue.nameOf(artist) === 'Patti Smith')!;
  expect([smith.mentions, smith.sentences]).toEqual([3, [0, 1]]);
  expect(artists.some(({ artist }) => catalogue.nameOf(artist) === 'Elliott Smith')).toBe(false);
});

test('the longest name is found', () => {
  const trie = new NameTrie({ artists: ['Simon', 'Simon & Garfunkel', 'The The', 'The Band'] });
  const at = (text: string) => trie.longest(nameTokens(text), 0, () => true);
  expect(at('simon and garfunkel sang')?.artist).toBe(1);
  expect(at('simon and paul')?.artist).toBe(0);
  expect(at('the the')?.artist).toBe(2);
  expect(at('band')?.artist).toBe(3);
  expect(at('garfunkel')).toBeUndefined();
});

test('of two artists of one name the better known is meant', () => {
  const artists = ['Mogwai', 'mogwai'];
  const found = (renown: number[]) => {
    const linker = new Linker({ artists, renown });
    return linker.read('Mogwai played.').spans.map(({ form }) => form.artist);
  };
  expect([found([1, 5]), found([5, 1]), found([1, 1])]).toEqual([[1], [0], [0]]);
});

test('tokens tile the text, and linking is the same each time', () => {
  const words = fc.constantFrom(
    'Air',
    'low',
    'Yes',
    'The',
    '"',
    '.',
    ',',
    'Band',
    "'s",
    '\n',
    'é',
    '빅스',
    '&',
    'released',
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 40 }), (parts) => {
      const text = parts.join(' ');
      const { from, to, numTokens, sentence } = scanText(text);
      for (let at = 0; at < numTokens; at++) {
        expect(to[at]!).toBeGreaterThan(from[at]!);
        if (at === 0) continue;
        expect(from[at]!).toBeGreaterThanOrEqual(to[at - 1]!);
        expect(sentence[at]! - sentence[at - 1]!).toBeGreaterThanOrEqual(0);
      }
      const { artists, works } = catalogue.link(text);
      expect(catalogue.link(text).artists).toEqual(artists);
      for (const { confidence } of [...artists, ...works]) {
        expect(confidence).toBeGreaterThanOrEqual(0);
        expect(confidence).toBeLessThanOrEqual(1);
      }
    }),
    { numRuns: 60 },
  );
});

test('logistic regression finds planted odds', () => {
  // 3 of 4 where x is 1, 1 of 4 where it is 0: odds of 3 and 1/3.
  const rows = [1, 1, 1, 1, 0, 0, 0, 0].map((x) => [1, x]);
  const weights = fitLogistic(rows, [1, 1, 1, 0, 1, 0, 0, 0], 1e-9);
  expect(weights[0]).toBeCloseTo(Math.log(1 / 3), 3);
  expect(weights[1]).toBeCloseTo(Math.log(9), 3);
  expect(probability(weights, [1, 1])).toBeCloseTo(0.75, 3);
});
