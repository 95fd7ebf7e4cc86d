import type { NameSpan } from './mentions.ts';

/** What is not as likely as this is not said. */
export const leastConfidence = 0.05;

/** What was found of an artist. */
export interface Finding {
  confidence: number;
  /** Tokens at which it is named. */
  readonly places: Set<number>;
  readonly sentences: Set<number>;
}

/** Notes that an artist is named at a place, with this confidence. */
export function note(
  found: Map<number, Finding>,
  artist: number,
  confidence: number,
  place: number,
  inSentence: number,
): void {
  let finding = found.get(artist);
  if (finding === undefined) {
    found.set(artist, (finding = { confidence: 0, places: new Set(), sentences: new Set() }));
  }
  finding.confidence = Math.max(finding.confidence, confidence);
  // What is hardly meant is no place where it is named, but it is the best that is known.
  if (confidence < leastConfidence && finding.places.size > 0) return;
  finding.places.add(place);
  finding.sentences.add(inSentence);
}

/** Takes a place away from the artist whose whole name is what is the last name of another. */
export function forget(
  found: Map<number, Finding>,
  spans: readonly NameSpan[],
  place: number,
  meant: number,
): void {
  for (const { form, from, to } of spans) {
    if (from !== place || to !== from + 1 || form.artist === meant) continue;
    found.get(form.artist)?.places.delete(place);
  }
}
