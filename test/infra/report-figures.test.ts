import { describe, expect, test } from '@jest/globals';
import { gainsFigure } from '../../infra/report/gate-figures.ts';
import { agreementFigure, reachFigure, scoresFigure } from '../../infra/report/list-figures.ts';
import { bars, spots } from '../../infra/report/plots.ts';
import type { Html } from '../../infra/report/html.ts';
import type { ExplainedCandidate } from '../../pipelines/explain.ts';

const describedBy = ({ markup }: Html): string => /aria-label="([^"]*)"/.exec(markup)![1]!;
const count = ({ markup }: Html, tag: string): number => markup.split(`<${tag} `).length - 1;

describe('Figures', () => {
  test('say what is to be seen in them', () => {
    const gains = [
      { challenger: 0.5, rival: 0.2 },
      { challenger: 0.1, rival: 0.2 },
      { challenger: 0.2, rival: 0.2 },
    ];
    expect(describedBy(gainsFigure(gains))).toBe(
      'Listeners by the difference of their NDCG@30: the challenger serves 1 better, 1 worse and 1 alike.',
    );
    expect(
      describedBy(
        agreementFigure([
          { pairs: 'nearest by text', count: 10, sharingGenre: 0.82 },
          { pairs: 'any two', count: 90, sharingGenre: 0.1 },
        ]),
      ),
    ).toBe('Pairs of artists with a genre in common: nearest by text 82 %, any two 10 %.');
    const reach = { onlyBySource: 1, listed: 1, listedOnlyBySource: 0 };
    expect(
      describedBy(
        reachFigure([
          { source: 'factors', offered: 3, ...reach },
          { source: 'text', offered: 7, ...reach },
        ]),
      ),
    ).toBe('Candidates by source; the most, 7, are offered by text.');
  });

  test('show every candidate as a dot, and every listed one as a second, larger one', () => {
    const candidates = Array.from({ length: 40 }, (_, n) => ({
      title: `T${n}`,
      artist: 'A',
      score: -n,
      rank: n + 1,
      position: n % 4 === 0 ? n / 4 + 1 : 0,
    })) as unknown as ExplainedCandidate[];
    const figure = scoresFigure(candidates);
    expect(count(figure, 'circle')).toBe(50);
    expect(describedBy(figure)).toBe(
      'Scores of 40 candidates by rank; 10 are listed, the last of them of rank 37.',
    );
  });

  test('can be drawn of nothing, of zeros and of negative values', () => {
    const text = { description: 'd', caption: 'c' };
    for (const values of [[], [0], [-1, -2], [0.5, -0.5]]) {
      const rows = values.map((value, n) => ({ name: `n${n}`, value }));
      const drawn = bars(rows, { axis: 'x', ...text });
      expect(count(drawn, 'rect')).toBe(values.length);
      expect(drawn.markup).not.toMatch(/NaN|Infinity|undefined/);
    }
    for (const values of [[], [0], [0.1, 0.2]]) {
      const rows = values.map((value) => ({ x: value, y: value, name: 'n' }));
      const drawn = spots(rows, { xAxis: 'x', yAxis: 'y', diagonal: true, ...text });
      expect(count(drawn, 'circle')).toBe(values.length);
      expect(drawn.markup).not.toMatch(/NaN|Infinity|undefined/);
    }
    expect(gainsFigure([]).markup).not.toMatch(/NaN|Infinity|undefined/);
    expect(scoresFigure([]).markup).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('are the same bytes each time', () => {
    const rows = [{ name: 'a', value: 1 }];
    const draw = () => bars(rows, { axis: 'x', description: 'd', caption: 'c' }).markup;
    expect(draw()).toBe(draw());
  });
});
