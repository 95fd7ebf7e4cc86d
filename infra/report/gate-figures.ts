import * as Plot from '@observablehq/plot';
import type { Html } from './html.ts';
import { accent, figure, width } from './plots.ts';

/** NDCG@30 of a listener at a cut-off of the holdout, of both models. */
export interface JudgedListener {
  readonly challenger: number;
  readonly rival: number;
}

/** Who is better served by which: listeners by the difference of their NDCG. */
export function gainsFigure(listeners: readonly JudgedListener[]): Html {
  const gains = listeners.map(({ challenger, rival }) => challenger - rival);
  const most = Math.max(0.05, ...gains.map(Math.abs));
  const better = gains.filter((gain) => gain > 0).length;
  const worse = gains.filter((gain) => gain < 0).length;
  return figure(
    {
      description: `Listeners by the difference of their NDCG@30: the challenger serves ${better} better, ${worse} worse and ${gains.length - better - worse} alike.`,
      caption: 'Listeners by NDCG@30 of the challenger less that of its rival.',
    },
    {
      width,
      height: 260,
      marginLeft: 48,
      marginBottom: 42,
      x: { label: 'difference of NDCG@30', domain: [-most, most] },
      y: { label: 'listeners', grid: true, ticks: 5 },
      marks: [
        Plot.rectY(gains, {
          ...Plot.binX({ y: 'count' }, { x: (gain: number) => gain, thresholds: 21 }),
          fill: accent,
        }),
        Plot.ruleX([0]),
        Plot.ruleY([0]),
      ],
    },
  );
}
