import type { Html } from './html.ts';
import type { ModelReport } from '../../pipelines/model-report.ts';
import { bars, shownNumber, spots, type Bar } from './plots.ts';

/** One figure of several models; the first is stressed. */
export function metricFigure({ name, models }: ModelReport['metrics'][number]): Html {
  const best = models.reduce((a, b) => (b.value > a.value ? b : a));
  return bars(
    models.map(({ model, value }, n) => ({ name: model, value, stressed: n === 0 })),
    {
      axis: name,
      digits: 4,
      description: `Bars of ${name} of ${models.length} models; the highest is ${best.model} with ${best.value.toFixed(4)}.`,
      caption: `${name} of this model, stressed, and of the others.`,
    },
  );
}

/** Differences with their intervals, about zero. */
export function differenceFigure(differences: ModelReport['differences']): Html {
  const surely = differences.filter(({ low }) => low > 0).length;
  return bars(
    differences.map(({ against, mean, low, high }) => ({
      name: against,
      value: mean,
      low,
      high,
    })),
    {
      axis: `difference of ${differences[0]!.figure}`,
      digits: 4,
      description: `Differences of this model and ${differences.length} others with intervals; ${surely} lie wholly above zero.`,
      caption: 'This model less the other; the line is the interval of the paired bootstrap.',
    },
  );
}

export function calibrationFigure(bins: ModelReport['calibration']): Html {
  const last = bins.at(-1)!;
  return spots(
    bins.map(({ bin, predicted, played, low, high }) => ({
      x: predicted,
      y: played,
      low,
      high,
      name: `tenth ${bin}: predicted ${predicted.toFixed(4)}, played ${played.toFixed(4)}`,
    })),
    {
      xAxis: 'predicted chance',
      yAxis: 'share of plays',
      diagonal: true,
      description: `Calibration by tenths of the candidates: the highest tenth is predicted ${last.predicted.toFixed(4)} and played ${last.played.toFixed(4)}.`,
      caption: 'Points on the dashed line are as predicted; lines are one standard error.',
    },
  );
}

export function importanceFigure(importance: ModelReport['importance']): Html {
  return barsOf(
    importance.map(({ feature, drop, low, high }) => ({ name: feature, value: drop, low, high })),
    'Importance of each feature',
    'loss of NDCG@30',
  );
}

export function listedFigure(coverage: ModelReport['coverage']): Html {
  return barsOf(
    coverage.map(({ source, listed }) => ({ name: source, value: listed })),
    'Listed tracks that each source offered',
    'listed tracks',
    0,
  );
}

function barsOf(rows: readonly Bar[], what: string, axis: string, digits = 4): Html {
  const most = rows.reduce((a, b) => (b.value > a.value ? b : a));
  return bars(rows, {
    axis,
    digits,
    description: `${what}: the most is ${most.name} with ${shownNumber(most.value, digits)}.`,
    caption: `${what}.`,
  });
}
