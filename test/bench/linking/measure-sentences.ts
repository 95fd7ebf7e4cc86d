import { linkerWeights, type LinkerWeights } from '../../../model/text/linking/weights.ts';
import { FixtureCatalogue, keyOf, labelledSentences } from '../../support/linking.ts';

/** Of links of one kind, those of a confidence from `from` on. */
export interface LinkFigures {
  readonly kind: 'artist' | 'album' | 'track' | 'all';
  readonly from: number;
  /** Share of the links found that are right, 0..1. */
  readonly precision: number;
  /** Share of the links labelled that are found, 0..1. */
  readonly recall: number;
}

/** Precision and recall on our own sentences. */
export function measureSentences(
  part: 'train' | 'held-out',
  weights: LinkerWeights = linkerWeights,
  froms: readonly number[] = [0.3, 0.5, 0.7, 0.9],
): LinkFigures[] {
  const catalogue = new FixtureCatalogue(weights);
  const sentences = labelledSentences(part).map(({ text, links }) => ({
    found: catalogue.found(catalogue.link(text)),
    wanted: new Set(links.map(keyOf)),
  }));
  const figures: LinkFigures[] = [];
  for (const kind of ['artist', 'album', 'track', 'all'] as const) {
    const isOfKind = (key: string): boolean => kind === 'all' || key.startsWith(`${kind} `);
    for (const from of froms) {
      const counts = { right: 0, found: 0, wanted: 0 };
      for (const { found, wanted } of sentences) {
        for (const [key, confidence] of found) {
          if (!isOfKind(key) || confidence < from) continue;
          counts.found++;
          if (wanted.has(key)) counts.right++;
        }
        for (const key of wanted) if (isOfKind(key)) counts.wanted++;
      }
      const precision = counts.right / Math.max(1, counts.found);
      figures.push({ kind, from, precision, recall: counts.right / Math.max(1, counts.wanted) });
    }
  }
  return figures;
}
