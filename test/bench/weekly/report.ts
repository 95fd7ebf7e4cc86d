import { number } from '../../../pipelines/funnel.ts';
import { brokenPromises, type CheckReport } from './checks.ts';
import type { Usage } from './processes.ts';

/** What one size gave. */
export interface SizeReport {
  readonly users: number;
  readonly tracks: number;
  readonly lists: number;
  readonly delivered: number;
  /** By part; what the stage `lists` tells as `seconds/...` is among them. */
  readonly seconds: Readonly<Record<string, number>>;
  /** Milliseconds of processors a list (seconds per thousand lists), by part and process. */
  readonly cpuMsPerList: Readonly<Record<'making' | 'delivery', Readonly<Record<string, number>>>>;
  readonly peakMb: Readonly<Record<'making' | 'delivery', Readonly<Record<string, number>>>>;
  readonly bytesPerList: Readonly<Record<'artifact' | 'queue' | 'mongodb', number>>;
  readonly candidates: { readonly least: number; readonly mean: number };
  /** Of the listed tracks, by the source that speaks for them. */
  readonly shares: Readonly<Record<string, number>>;
  readonly checks: CheckReport;
}

export function perThousand(usage: Map<string, Usage>, lists: number): Record<string, number> {
  return Object.fromEntries(
    Array.from(usage, ([name, { cpuSeconds }]) => [name, (1000 * cpuSeconds) / Math.max(1, lists)]),
  );
}

export function peaksOf(usage: Map<string, Usage>): Record<string, number> {
  const peaks = Array.from(usage, ([name, { peakMb }]) => [name, peakMb] as const);
  return Object.fromEntries(peaks.filter(([, peakMb]) => peakMb > 0));
}

/** Lists per second by part. */
export function rates({ lists, seconds }: SizeReport): Record<string, number> {
  return Object.fromEntries(
    Object.entries(seconds).map(([part, s]) => [part, s > 0 ? lists / s : 0]),
  );
}

/** The reports as a table for people, a column for each size; then what is not as it must be. */
export function reportTable(reports: readonly SizeReport[]): string {
  const rows: string[][] = [['', ...reports.map(({ users, tracks }) => sizeName(users, tracks))]];
  const row = (name: string, of: (report: SizeReport) => string) => {
    rows.push([name, ...reports.map(of)]);
  };
  const group = (title: string, of: (report: SizeReport) => Readonly<Record<string, number>>) => {
    rows.push([title]);
    for (const name of new Set(reports.flatMap((report) => Object.keys(of(report))))) {
      row(`  ${name}`, (report) => short(of(report)[name]));
    }
  };
  group('lists per second', rates);
  group('seconds', ({ seconds }) => seconds);
  for (const part of ['making', 'delivery'] as const) {
    group(`CPU seconds per 1,000 lists, ${part}`, ({ cpuMsPerList }) => cpuMsPerList[part]);
  }
  for (const part of ['making', 'delivery'] as const) {
    group(`peak memory, MiB, ${part}`, ({ peakMb }) => peakMb[part]);
  }
  group('bytes per list', ({ bytesPerList }) => bytesPerList);
  group('candidates per list', ({ candidates }) => candidates);
  row('sources per list', ({ checks }) => checks.sourcesPerList.toFixed(2));
  group('share of listed tracks', ({ shares }) => shares);
  const broken = reports.flatMap((report) =>
    brokenPromises(report.checks, report.users).map(
      (line) => `  ${sizeName(report.users, report.tracks)}: ${line}`,
    ),
  );
  const checked = reports.map(({ checks }) => number(checks.sample)).join(' and ');
  return [
    aligned(rows),
    ...change(reports),
    broken.length === 0
      ? `checks: every listener has exactly one list, the ledger agrees; of ${checked} lists none holds a heard work or one of the last eight`
      : ['BROKEN:', ...broken].join('\n'),
  ].join('\n');
}

/** How the rate end to end changes from each size to the next. */
function change(reports: readonly SizeReport[]): string[] {
  return reports.slice(1).map((report, n) => {
    const before = reports[n]!;
    const share = rates(report)['end to end']! / rates(before)['end to end']!;
    return (
      `rate end to end at ${sizeName(report.users, report.tracks)}: ` +
      `${(100 * share).toFixed(0)} % of that at ${sizeName(before.users, before.tracks)}`
    );
  });
}

function sizeName(users: number, tracks: number): string {
  return `${number(users)} x ${number(tracks)}`;
}

function short(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '-';
  if (Math.abs(value) >= 100) return number(Math.round(value));
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 3);
}

function aligned(rows: readonly string[][]): string {
  const widths: number[] = [];
  for (const cells of rows) {
    cells.forEach((cell, c) => (widths[c] = Math.max(widths[c] ?? 0, cell.length)));
  }
  return rows
    .map((cells) =>
      cells
        .map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
