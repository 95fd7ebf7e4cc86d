import type { ModelReport } from '../../pipelines/model-report.ts';

/** A report with something in every part, and names that try to leave their place. */
export const sampleReport: ModelReport = {
  format: 1,
  version: 'ranker-0123456789ab',
  state: 'champion',
  parent: 'ranker-ba9876543210',
  week: '2026-W02',
  cutoff: '2026-01-05T00:00:00.000Z',
  seed: 1,
  commit: '0123abc',
  trainedAt: '2026-01-03T06:00:00.000Z',
  decision: {
    promote: true,
    reasons: [
      'better: NDCG@30 0.2130 against 0.1950 of champion ranker-ba9876543210: +0.0180, 95 % interval +0.0071 to +0.0292, 412 listeners',
      'no guardrail breaks',
    ],
  },
  holdout: { groups: 633, listeners: 412 },
  metrics: [
    {
      name: 'NDCG@30',
      models: [
        { model: 'this model', value: 0.213 },
        { model: 'champion ranker-ba9876543210', value: 0.195 },
        { model: 'prior', value: 0.171 },
        { model: 'popularity', value: 0.112 },
        { model: 'random order', value: 0.031 },
      ],
    },
  ],
  differences: [
    { against: 'champion', figure: 'NDCG@30', mean: 0.018, low: 0.0071, high: 0.0292, level: 0.95 },
    { against: 'prior', figure: 'NDCG@30', mean: 0.042, low: 0.029, high: 0.055, level: 0.95 },
    {
      against: 'popularity',
      figure: 'NDCG@30',
      mean: -0.004,
      low: -0.021,
      high: 0.011,
      level: 0.95,
    },
  ],
  guardrails: [
    {
      name: 'coverage',
      champion: 0.41,
      challenger: 0.44,
      limit: 0.328,
      bound: 'least',
      holds: true,
    },
    { name: 'gini', champion: 0.81, challenger: 0.9, limit: 0.848, bound: 'most', holds: false },
  ],
  calibration: Array.from({ length: 10 }, (_, n) => {
    const predicted = 0.0004 * 1.6 ** n;
    const played = predicted * (1 + 0.08 * (n % 3) - 0.1);
    return {
      bin: n + 1,
      candidates: 15_190,
      predicted,
      played,
      low: played * 0.9,
      high: played * 1.1,
    };
  }),
  importance: [
    { feature: 'artists rank', drop: 0.081, low: 0.078, high: 0.085 },
    { feature: 'genre match', drop: 0.024, low: 0.021, high: 0.026 },
    { feature: 'track listeners', drop: 0.009, low: 0.006, high: 0.012 },
    { feature: 'age', drop: -0.001, low: -0.002, high: 0.001 },
    { feature: 'listener plays', drop: 0, low: 0, high: 0 },
  ],
  coverage: [
    { source: 'factors', offered: 9600, onlyBySource: 4304, listed: 1621, listedOnlyBySource: 111 },
    {
      source: 'playlists',
      offered: 9362,
      onlyBySource: 5091,
      listed: 1342,
      listedOnlyBySource: 133,
    },
    { source: 'text', offered: 1141, onlyBySource: 186, listed: 234, listedOnlyBySource: 14 },
    {
      source: 'popularity',
      offered: 10_145,
      onlyBySource: 4474,
      listed: 2345,
      listedOnlyBySource: 253,
    },
    {
      source: 'artists',
      offered: 13_388,
      onlyBySource: 5485,
      listed: 2500,
      listedOnlyBySource: 200,
    },
  ],
  examples: [
    {
      user: 'u<img src=x onerror=alert(1)>',
      heard: [
        { title: '"Heroes" & more', artist: "D'Arcy </script><script>alert(2)</script>" },
        { title: 'Leave the Rose', artist: 'Fortune Hunter' },
      ],
      tracks: Array.from({ length: 30 }, (_, n) => ({
        title: n === 0 ? '<b>Bold</b>' : `A song number ${n + 1}`,
        artists: [`Artist ${n + 1}`, 'A guest'],
        reason: n % 2 === 0 ? 'because you played Mogwai' : 'popular in Jakarta',
        source: n % 2 === 0 ? 'artists' : 'popularity',
      })),
    },
  ],
};
