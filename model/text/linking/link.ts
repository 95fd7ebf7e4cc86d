import { isEnglishWord } from '../tagger.ts';
import { musicWords } from './cues.ts';
import { forget, leastConfidence, note, type Finding } from './findings.ts';
import { linkWorks, strongTitles, type LinkedWork } from './linked-works.ts';
import { probability } from './logistic.ts';
import { isPlain, mentionFeatures, type NameSpan, type TextContext } from './mentions.ts';
import { nameTrait, NameTrie, type CatalogueNames } from './names.ts';
import { readNames, type Reading } from './reading.ts';
import { mark, type ScannedText } from './scan.ts';
import { linkerWeights, type LinkerWeights } from './weights.ts';
import { findTitles, Positions, type PreparedWorks, type TitleSpan } from './works.ts';

/** An artist that a text names. */
export interface LinkedArtist {
  readonly artist: number;
  /** 0..1 that the text means this artist at all. */
  readonly confidence: number;
  /** 0..1 that the text is about this artist: its subject. */
  readonly about: number;
  /** Places where it is named, by last name too. */
  readonly mentions: number;
  /** Numbers of the sentences that name it, ascending. */
  readonly sentences: readonly number[];
}

export interface LinkedText {
  readonly scanned: ScannedText;
  /** By artist; only those of a confidence of 0.05 or more. */
  readonly artists: readonly LinkedArtist[];
  /** By artist, then by first mention; of the same confidence. */
  readonly works: readonly LinkedWork[];
}

/** What the regressions see of a reading, to fit them. */
export interface Examined {
  readonly mentions: readonly { readonly span: NameSpan; readonly features: readonly number[] }[];
  readonly titles: readonly { readonly span: TitleSpan; readonly features: readonly number[] }[];
  readonly lastNames: readonly { readonly artist: number; readonly features: readonly number[] }[];
  readonly about: readonly { readonly artist: number; readonly features: readonly number[] }[];
}

/** From here on an artist counts as named, so that a last name may mean it. */
const named = 0.5;
/** Names that words around them must speak for, not the whole text. */
const ambiguous = nameTrait.common | nameTrait.empty | nameTrait.proper | nameTrait.lower;

export type WorksOf = (artist: number) => PreparedWorks | undefined;

/**
 * Finds the artists of a catalogue in texts, and their albums and tracks: candidates by a trie over
 * names, each judged by a logistic regression on how it is written and what stands around it, in
 * the sentence and in the text. An album or track is looked for where its artist is named.
 */
export class Linker {
  readonly #trie: NameTrie;
  readonly #weights: LinkerWeights;

  constructor(names: CatalogueNames, weights: LinkerWeights = linkerWeights) {
    this.#trie = new NameTrie(names);
    this.#weights = weights;
  }

  /** The names that it finds. */
  get names(): NameTrie {
    return this.#trie;
  }

  read(text: string): Reading {
    return readNames(this.#trie, text);
  }

  link(reading: Reading, worksOf: WorksOf): LinkedText {
    return this.#judge(reading, worksOf).linked;
  }

  /** What the regressions see, beside what they make of it. */
  examine(reading: Reading, worksOf: WorksOf): Examined {
    return this.#judge(reading, worksOf).examined;
  }

  #judge(
    { scanned, spans, lastNames, candidates }: Reading,
    worksOf: WorksOf,
  ): { linked: LinkedText; examined: Examined } {
    const { words, marks, sentence, numTokens } = scanned;
    const weights = this.#weights;
    const positions = new Positions(scanned);
    const titles = new Map<number, TitleSpan[]>();
    const genres = new Map<number, boolean>();
    const spanOf = new Uint8Array(numTokens);
    for (const span of spans) spanOf.fill(isPlain(span) ? 2 : 1, span.from, span.to);
    const within = quotesOf(scanned);
    for (const artist of candidates) {
      const works = worksOf(artist);
      if (works === undefined) continue;
      const found = findTitles(scanned, positions, artist, works);
      titles.set(artist, found);
      genres.set(
        artist,
        works.genres.some((tokens) => positions.holds(tokens, scanned)),
      );
      for (const span of found) {
        if (span.quoted || span.to - span.from >= 3) within.fill(2, span.from, span.to);
      }
    }

    let music = 0;
    const plain = new Set<number>();
    for (const word of words) if (musicWords.has(word)) music++;
    for (const span of spans) if (isPlain(span)) plain.add(span.form.artist);
    const density = (100 * music) / Math.max(30, numTokens);
    const counted = new Map<string, { repeats: number; lowered: number }>();
    const contextOf = ({ form, from }: NameSpan): TextContext => {
      const word = words[from]!;
      let counts = counted.get(word);
      if (counts === undefined) {
        counts = { repeats: 0, lowered: 0 };
        for (let at = positions.first(word); at !== -1; at = positions.next(at)) {
          if ((marks[at]! & mark.capital) === 0) counts.lowered++;
          else if ((marks[at]! & mark.first) === 0) counts.repeats++;
        }
        counted.set(word, counts);
      }
      const self = (marks[from]! & (mark.capital | mark.first)) === mark.capital ? 1 : 0;
      // All articles on music have many music words and names: they prove nothing of "London".
      const local = (form.traits & ambiguous) !== 0;
      return {
        titles: strongTitles(titles.get(form.artist)),
        genre: genres.get(form.artist) ?? false,
        plainOthers: local ? 0 : plain.size - (plain.has(form.artist) ? 1 : 0),
        repeats: counts.repeats - self,
        lowered: form.numTokens === 1 ? counts.lowered : 0,
        density: local ? 0 : density,
      };
    };

    const found = new Map<number, Finding>();
    const examinedMentions: { span: NameSpan; features: number[] }[] = [];
    const full = new Map<string, number>();
    for (const span of spans) {
      const features = mentionFeatures(scanned, span, contextOf(span), spanOf, within);
      const confidence = probability(weights.mention, features);
      examinedMentions.push({ span, features });
      const { artist, numTokens: length } = span.form;
      note(found, artist, confidence, span.from, sentence[span.from]!);
      if (length > 1 && confidence >= named) {
        const last = words[span.to - 1]!;
        if (!full.has(last)) full.set(last, artist);
      }
    }

    const examinedLast: { artist: number; features: number[] }[] = [];
    for (const [word, { at, artists }] of lastNames) {
      const spelled = full.get(word);
      if (spelled !== undefined) {
        const { confidence } = found.get(spelled)!;
        for (const place of at) {
          note(found, spelled, confidence, place, sentence[place]!);
          forget(found, spans, place, spelled);
        }
        continue;
      }
      if (artists.length === 0) continue;
      const ranked = artists
        .map((artist) => ({ artist, titles: strongTitles(titles.get(artist)) }))
        .sort((a, b) => b.titles - a.titles); // stable: ties by renown
      const best = ranked[0]!;
      const features = [
        1,
        Math.log1p(at.length),
        Math.log1p(best.titles),
        Math.log1p(best.titles - (ranked[1]?.titles ?? 0)),
        +(genres.get(best.artist) ?? false),
        +isEnglishWord(word),
        Math.log1p(artists.length),
        Math.log1p(density),
      ];
      if (at.length < 2) continue;
      examinedLast.push({ artist: best.artist, features });
      const confidence = probability(weights.lastName, features);
      if (confidence < leastConfidence) continue;
      const rival = spans.find(({ from, to }) => from === at[0] && to === from + 1);
      if (rival !== undefined && (found.get(rival.form.artist)?.confidence ?? 0) >= confidence)
        continue;
      for (const place of at) {
        note(found, best.artist, confidence, place, sentence[place]!);
        forget(found, spans, place, best.artist);
      }
    }

    const all = [...found.entries()]
      .filter(([, { places }]) => places.size > 0)
      .sort(([a], [b]) => a - b);
    const total = all.reduce(
      (sum, [, { places, confidence }]) => sum + places.size * confidence,
      0,
    );
    const shares = all.map(
      ([, { places, confidence }]) => (places.size * confidence) / Math.max(total, 1e-9),
    );
    const most = shares.reduce((best, share, n) => (share > shares[best]! ? n : best), 0);
    const examinedAbout: { artist: number; features: number[] }[] = [];
    const linkedArtists = all.map(
      ([artist, { confidence, places, sentences }], n): LinkedArtist => {
        const others = shares.reduce(
          (best, share, m) => (m === n ? best : Math.max(best, share)),
          0,
        );
        const features = [
          1,
          Math.log1p(places.size),
          shares[n]!,
          shares[n]! - others,
          Math.log(confidence / (1 - confidence + 1e-6)) / 4,
          Math.log1p(strongTitles(titles.get(artist))),
          Math.min(...places) / Math.max(1, numTokens),
          +(n === most),
        ];
        examinedAbout.push({ artist, features });
        return {
          artist,
          confidence,
          about: probability(weights.about, features),
          mentions: places.size,
          sentences: [...sentences].sort((a, b) => a - b),
        };
      },
    );

    const { works, examined: examinedTitles } = linkWorks(scanned, linkedArtists, titles, weights);
    const artists = linkedArtists.filter(({ confidence }) => confidence >= leastConfidence);
    return {
      linked: { scanned, artists, works },
      examined: {
        mentions: examinedMentions,
        titles: examinedTitles,
        lastNames: examinedLast,
        about: examinedAbout,
      },
    };
  }
}

/** [numTokens] 1 within quotes of two to ten words. */
function quotesOf({ marks, sentence, numTokens }: ScannedText): Uint8Array {
  const within = new Uint8Array(numTokens);
  for (let from = 0; from < numTokens; from++) {
    if ((marks[from]! & mark.opens) === 0 || (marks[from]! & mark.closes) !== 0) continue;
    for (let to = from + 1; to < numTokens && to < from + 10; to++) {
      if (sentence[to] !== sentence[from] || (marks[to]! & mark.opens) !== 0) break;
      if ((marks[to]! & mark.closes) === 0) continue;
      within.fill(1, from, to + 1);
      break;
    }
  }
  return within;
}
