import type { StageFunnel } from './stage.ts';

/** The run's funnel as a table for people: a line for each stage, then why rows were dropped. */
export function funnelTable(rows: readonly { label: string; funnel: StageFunnel }[]): string {
  const header = ['stage', 'rows in', 'rows out', 'dropped', 'seconds', 'peak MB'];
  const cells = rows.map(({ label, funnel }) => [
    label,
    number(funnel.rowsIn),
    number(funnel.rowsOut),
    number(Object.values(funnel.dropped).reduce((sum, count) => sum + count, 0)),
    funnel.reused ? 'reused' : funnel.seconds.toFixed(1),
    number(Math.round(funnel.peakMemoryMb)),
  ]);
  const widths = header.map((name, c) =>
    Math.max(name.length, ...cells.map((row) => row[c]!.length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)))
      .join('  ')
      .trimEnd();
  const reasons = rows.flatMap(({ label, funnel }) =>
    Object.entries(funnel.dropped).map(
      ([reason, count]) => `  ${label}: ${number(count)} ${reason}`,
    ),
  );
  return [
    line(header),
    line(widths.map((width) => '-'.repeat(width))),
    ...cells.map(line),
    ...(reasons.length === 0 ? [] : ['dropped:', ...reasons]),
  ].join('\n');
}

/** Digits in groups of three: 31,835. */
export function number(value: number): string {
  return value.toLocaleString('en-US');
}

/**
 * Stages that ran once for each of many cut-offs (`snapshot 2014-08-25`) as one row, so that the
 * funnel of a week fits on a screen. Rows add up; so do the seconds of those that ran, and memory
 * is their peak, unless all were reused. Figures are those of the last.
 */
export function foldCutoffs(
  rows: readonly { label: string; funnel: StageFunnel }[],
): { label: string; funnel: StageFunnel }[] {
  const folded = new Map<string, { count: number; funnel: StageFunnel }>();
  for (const { funnel } of rows) {
    const found = folded.get(funnel.stage);
    folded.set(
      funnel.stage,
      found === undefined
        ? { count: 1, funnel }
        : { count: found.count + 1, funnel: sum(found.funnel, funnel) },
    );
  }
  return [...folded].map(([stage, { count, funnel }]) => ({
    label: count === 1 ? stage : `${stage} (${count} cut-offs)`,
    funnel,
  }));
}

function sum(a: StageFunnel, b: StageFunnel): StageFunnel {
  const dropped: Record<string, number> = { ...a.dropped };
  for (const [reason, count] of Object.entries(b.dropped)) {
    dropped[reason] = (dropped[reason] ?? 0) + count;
  }
  // What a reused artifact once took is no part of this run.
  const ran = a.reused === b.reused ? [a, b] : [a.reused ? b : a];
  return {
    stage: a.stage,
    rowsIn: a.rowsIn + b.rowsIn,
    rowsOut: a.rowsOut + b.rowsOut,
    dropped,
    figures: b.figures,
    seconds: ran.reduce((seconds, funnel) => seconds + funnel.seconds, 0),
    peakMemoryMb: Math.max(...ran.map((funnel) => funnel.peakMemoryMb)),
    reused: a.reused && b.reused,
  };
}
