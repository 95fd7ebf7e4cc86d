import { number } from '../../pipelines/funnel.ts';
import type { SourceStatus } from '../../pipelines/sources/status.ts';

/** A table for people, then what went wrong. */
export function sourceLines(sources: readonly SourceStatus[]): string[] {
  const header = ['', 'source', 'kind', 'newest', 'age', 'rows', 'lag'];
  const cells = sources.map((one) => [
    one.isStale ? '!' : '',
    one.name,
    one.kind,
    one.newest?.slice(0, 16).replace('T', ' ') ?? '-',
    one.ageSeconds === null ? '-' : duration(one.ageSeconds),
    number(one.rows),
    one.lag === null ? '-' : `${number(one.lag.entries)} in ${duration(one.lag.seconds)}`,
  ]);
  const rows = [header, ...cells];
  const widths = header.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)));
  const isNumber = (c: number) => c >= 4;
  const table = rows.map((row) =>
    row
      .map((cell, c) => (isNumber(c) ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!)))
      .join('  ')
      .trimEnd(),
  );
  const stale = sources.filter(({ isStale }) => isStale).length;
  return [
    ...table,
    ...sources.flatMap(notes),
    stale === 0 ? 'none is stale' : `! ${stale} of ${sources.length} are stale`,
  ];
}

function notes({ name, kind, counts, parked, lastError }: SourceStatus): string[] {
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${number(count)} ${what}`);
  return [
    ...(kind === 'crawl' && parts.length > 0 ? [`  ${name}: ${parts.join(', ')}`] : []),
    ...(parked === null ? [] : [`  ${name}: parked: ${parked}`]),
    ...(lastError === null
      ? []
      : [
          `  ${name}: last error${lastError.at === null ? '' : ` ${lastError.at}`}: ${lastError.reason}`,
        ]),
  ];
}

/** `5 s`, `12 min`, `7 h`, `30 d` */
export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${number(Math.floor(seconds / 86_400))} d`;
}
