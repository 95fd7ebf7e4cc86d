import { expect, test } from '@jest/globals';
import { foldCutoffs, funnelTable, number } from '../../pipelines/funnel.ts';
import type { StageFunnel } from '../../pipelines/stage.ts';

const funnelOf = (stage: string, more: Partial<StageFunnel> = {}): StageFunnel => ({
  stage,
  rowsIn: 0,
  rowsOut: 0,
  dropped: {},
  figures: {},
  seconds: 0,
  peakMemoryMb: 0,
  reused: false,
  ...more,
});

test('the funnel is a table for people, with the reasons below it', () => {
  const rows = [
    {
      label: 'catalogue',
      funnel: funnelOf('catalogue', {
        rowsIn: 1_234_567,
        rowsOut: 31_835,
        dropped: { 'same listen twice': 1200, 'recording listed twice': 3 },
        seconds: 12.34,
        peakMemoryMb: 1023.6,
      }),
    },
    {
      label: 'snapshot (2 cut-offs)',
      funnel: funnelOf('snapshot', { rowsIn: 5, rowsOut: 5, seconds: 3, reused: true }),
    },
  ];
  expect(funnelTable(rows).split('\n')).toEqual([
    'stage                    rows in  rows out  dropped  seconds  peak MB',
    '---------------------  ---------  --------  -------  -------  -------',
    'catalogue              1,234,567    31,835    1,203     12.3    1,024',
    'snapshot (2 cut-offs)          5         5        0   reused        0',
    'dropped:',
    '  catalogue: 1,200 same listen twice',
    '  catalogue: 3 recording listed twice',
  ]);
});

test('a funnel in which nothing was dropped ends with its last stage, an empty one with its head', () => {
  expect(funnelTable([{ label: 'lists', funnel: funnelOf('lists') }]).split('\n')).toEqual([
    'stage  rows in  rows out  dropped  seconds  peak MB',
    '-----  -------  --------  -------  -------  -------',
    'lists        0         0        0      0.0        0',
  ]);
  expect(funnelTable([]).split('\n')).toHaveLength(2);
});

test('digits stand in groups of three', () => {
  expect([999, 31_835, 75_000_000].map(number)).toEqual(['999', '31,835', '75,000,000']);
});

test('the cut-offs of a stage become one row: rows and seconds add up, memory is the peak', () => {
  const row = (label: string, more: Partial<StageFunnel>) => ({
    label,
    funnel: funnelOf(label.split(' ')[0]!, more),
  });
  const folded = foldCutoffs([
    row('catalogue', { rowsIn: 9 }),
    row('snapshot 2014-08-18', {
      rowsIn: 1,
      rowsOut: 1,
      dropped: { 'after the cut-off': 8 },
      seconds: 2,
      peakMemoryMb: 300,
    }),
    row('factors 2014-08-18', {}),
    row('snapshot 2014-08-25', {
      rowsIn: 3,
      rowsOut: 2,
      dropped: { 'after the cut-off': 6, other: 1 },
      figures: { listeners: 2 },
      seconds: 3,
      peakMemoryMb: 200,
    }),
  ]);
  expect(folded.map(({ label }) => label)).toEqual([
    'catalogue',
    'snapshot (2 cut-offs)',
    'factors',
  ]);
  expect(folded[1]!.funnel).toEqual({
    stage: 'snapshot',
    rowsIn: 4,
    rowsOut: 3,
    dropped: { 'after the cut-off': 14, other: 1 },
    figures: { listeners: 2 },
    seconds: 5,
    peakMemoryMb: 300,
    reused: false,
  });
});

test('what a reused artifact once took is not counted, unless all were reused', () => {
  const once = { seconds: 100, peakMemoryMb: 900, reused: true };
  const now = { seconds: 2, peakMemoryMb: 300 };
  const foldOf = (...funnels: Partial<StageFunnel>[]) =>
    foldCutoffs(funnels.map((more) => ({ label: 'x', funnel: funnelOf('x', more) })))[0]!.funnel;
  expect(foldOf(once, now, once, now)).toMatchObject({
    seconds: 4,
    peakMemoryMb: 300,
    reused: false,
  });
  expect(foldOf(once, once)).toMatchObject({ seconds: 200, peakMemoryMb: 900, reused: true });
});
