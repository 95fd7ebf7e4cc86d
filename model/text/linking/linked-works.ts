import { leastConfidence } from './findings.ts';
import { probability } from './logistic.ts';
import type { ScannedText } from './scan.ts';
import type { LinkerWeights } from './weights.ts';
import { isAlbumAt, titleFeatures, type TitleSpan } from './works.ts';

/** An album or a track that a text names. */
export interface LinkedWork {
  readonly artist: number;
  /** As the catalogue has it; null for a track. */
  readonly album: string | null;
  /** -1 for an album. */
  readonly track: number;
  /** 0..1, that of its artist counted in. */
  readonly confidence: number;
  readonly mentions: number;
  readonly sentences: readonly number[];
}

/** From here on an artist's works are looked for. */
const leastOfArtist = 0.2;

/**
 * The albums and tracks that a text names of artists that it names.
 *
 * @param artists - ascending
 * @param titles - places that may be titles, by artist
 * @returns by artist, then by first mention; and what the regression saw of each place
 */
export function linkWorks(
  scanned: ScannedText,
  artists: readonly {
    readonly artist: number;
    readonly confidence: number;
    readonly sentences: readonly number[];
  }[],
  titles: ReadonlyMap<number, readonly TitleSpan[]>,
  weights: Pick<LinkerWeights, 'title'>,
): { works: LinkedWork[]; examined: { span: TitleSpan; features: number[] }[] } {
  const { sentence } = scanned;
  const examined: { span: TitleSpan; features: number[] }[] = [];
  const works: LinkedWork[] = [];
  for (const { artist, confidence, sentences } of artists) {
    if (confidence < leastOfArtist) continue;
    const about = new Set(sentences);
    const merged = new Map<
      string | number,
      LinkedWork & { mentions: number; sentences: number[]; confidence: number }
    >();
    for (const span of titles.get(artist) ?? []) {
      const features = titleFeatures(scanned, span, about);
      examined.push({ span, features });
      const sure = probability(weights.title, features) * confidence;
      if (sure < leastConfidence) continue;
      const album = isAlbumAt(scanned, span) ? span.title.album : null;
      const track = album === null ? span.title.track : -1;
      const key = album ?? track;
      const known = merged.get(key);
      if (known === undefined) {
        const one = { mentions: 1, sentences: [sentence[span.from]!] };
        merged.set(key, { artist, album, track, confidence: sure, ...one });
        continue;
      }
      known.mentions++;
      known.confidence = Math.max(known.confidence, sure);
      const at = sentence[span.from]!;
      if (!known.sentences.includes(at)) known.sentences.push(at);
    }
    works.push(...merged.values());
  }
  return { works, examined };
}

/** Distinct titles in quotes or of two words and more. */
export function strongTitles(spans: readonly TitleSpan[] | undefined): number {
  if (spans === undefined || spans.length === 0) return 0;
  const strong = new Set<unknown>();
  for (const { title, quoted, from, to } of spans) if (quoted || to - from > 1) strong.add(title);
  return strong.size;
}
