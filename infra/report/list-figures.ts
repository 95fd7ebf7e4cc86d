import * as Plot from '@observablehq/plot';
import type { Reach } from '../../model/candidates/reach.ts';
import type { ExplainedCandidate } from '../../pipelines/explain.ts';
import type { GenreAgreement } from '../../pipelines/text-knowledge.ts';
import type { Html } from './html.ts';
import { accent, bars, figure, muted, width } from './plots.ts';

/** The ranker's scores from its favourite on, and which of them came onto the list. */
export function scoresFigure(candidates: readonly ExplainedCandidate[]): Html {
  const listed = candidates.filter(({ position }) => position > 0);
  const last = Math.max(0, ...listed.map(({ rank }) => rank));
  return figure(
    {
      description: `Scores of ${candidates.length} candidates by rank; ${listed.length} are listed, the last of them of rank ${last}.`,
      caption:
        'Scores by rank. Listed tracks are large: one of a lead artist, one of an album, and not all of one taste.',
    },
    {
      width,
      height: 280,
      marginLeft: 48,
      marginBottom: 42,
      x: { label: 'rank by score', grid: true },
      y: { label: 'score', grid: true, ticks: 6 },
      marks: [
        Plot.dot(candidates, { x: 'rank', y: 'score', r: 1.6, fill: muted }),
        Plot.dot(listed, {
          x: 'rank',
          y: 'score',
          r: 4,
          fill: accent,
          title: ({ position, title }: ExplainedCandidate) => `${position}. ${title}`,
        }),
      ],
    },
  );
}

/** How many candidates each source offered, and of which of these it was the only one to. */
export function reachFigure(reach: readonly Reach[]): Html {
  const rows = reach.flatMap(({ source, offered, onlyBySource }) => [
    { name: source, value: offered },
    { name: `${source}, alone`, value: onlyBySource, stressed: false },
  ]);
  const most = reach.reduce((a, b) => (b.offered > a.offered ? b : a));
  return bars(rows, {
    axis: 'candidates',
    digits: 0,
    description: `Candidates by source; the most, ${most.offered}, are offered by ${most.source}.`,
    caption: 'Candidates that each source offered, and those that no other one did.',
  });
}

export function agreementFigure(agreement: readonly GenreAgreement[]): Html {
  const shares = agreement.map(
    ({ pairs, sharingGenre }) => `${pairs} ${(100 * sharingGenre).toFixed(0)} %`,
  );
  return bars(
    agreement.map(({ pairs, sharingGenre }, n) => ({
      name: pairs,
      value: sharingGenre,
      stressed: n === 0,
    })),
    {
      axis: 'share with a genre in common',
      digits: 2,
      description: `Pairs of artists with a genre in common: ${shares.join(', ')}.`,
      caption:
        'Pairs of artists with a genre in common. The catalogue’s genres are no input of the text features.',
    },
  );
}
