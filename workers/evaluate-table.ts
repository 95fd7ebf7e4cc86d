import { number } from '../pipelines/funnel.ts';
import type { EvaluateResult, ModelResult } from './evaluate.ts';

/** What was measured, for programs: figures as plain keys, `"recall@20"`. */
export function resultJson({ figures, compared, ...result }: EvaluateResult) {
  if (compared === undefined) return { ...result, ...figures };
  const { figures: others, ...second } = compared;
  return { ...result, ...figures, compared: { ...second, ...others } };
}

/** What was measured, for people. */
export function resultTable(result: EvaluateResult): string {
  const { compared } = result;
  const models = [result, ...(compared === undefined ? [] : [compared])];
  const names = Object.keys(result.figures);
  const header = ['', ...models.map(({ model }) => model)];
  if (compared !== undefined) header.push('difference', '95 % interval');
  const rows = names.map((name) => {
    const row = [name, ...models.map((model) => figure(model.figures[name]!))];
    if (compared === undefined) return row;
    const difference = compared.differences[name];
    if (difference === undefined)
      return [...row, signed(result.figures[name]! - compared.figures[name]!), ''];
    const { mean, low, high } = difference;
    return [...row, signed(mean), `${signed(low)} .. ${signed(high)}`];
  });
  for (const [name, key] of [
    ['tuning, s', 'tuningSeconds'],
    ['training, s', 'trainingSeconds'],
    ['scoring, s', 'scoringSeconds'],
  ] as const) {
    rows.push([name, ...models.map((model) => model[key].toFixed(1))]);
  }
  return [
    `${number(result.listeners)} listeners, ${number(result.items)} items, ` +
      `${number(result.interactions)} interactions trained on, seed ${result.seed}`,
    ...models.map(optionsLine),
    '',
    ...aligned([header, ...rows]),
    '',
    `${result.seconds.toFixed(1)} s, at most ${number(Math.round(result.peakMemoryMb))} MB`,
  ].join('\n');
}

function optionsLine({ model, options }: ModelResult): string {
  const given = Object.entries(options as Record<string, unknown>).map(
    ([name, value]) => `--option ${name}=${JSON.stringify(value)}`,
  );
  return [`--model ${model}`, ...given].join(' ');
}

/** Four digits: `0.1862`. */
function figure(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(4);
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${figure(Math.abs(value))}`;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((row) => (row[c] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)))
      .join('  ')
      .trimEnd(),
  );
}
