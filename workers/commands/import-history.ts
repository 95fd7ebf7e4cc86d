import type { Command } from 'commander';
import { number } from '../../pipelines/funnel.ts';
import type {
  HistoryFunnel,
  HistoryProgress,
} from '../../pipelines/import/history/import-history.ts';
import { command, configOf, printJson, untilStopped } from './options.ts';

interface Options {
  readonly listener: string;
  readonly zone?: string;
  readonly format?: string;
  readonly map?: string;
  readonly encoding?: string;
  readonly json?: boolean;
}

const formats =
  'spotify, lastfm-csv, lastfm-xml, listenbrainz, scrobbler-log, maloja; with --map csv, ndjson, parquet';

export function importHistoryCommand(): Command {
  return command(
    'import-history',
    "Imports a listener's history from another service: a file, a zip archive or a folder. " +
      'Importing twice changes nothing; a run that was killed goes on where it was.',
    'import-history my_spotify_data.zip --listener ann --zone Europe/Paris',
  )
    .argument('<file>', 'file, zip archive, or folder of them; read only')
    .requiredOption('--listener <id>', 'whose history it is')
    .option(
      '--zone <zone>',
      'time zone where it was heard, such as Asia/Jakarta (default: unknown)',
    )
    .option('--format <name>', `${formats} (default: found by content)`)
    .option(
      '--map <columns>',
      'of a table of your own: listened_at=ts,artist=artist_name,title=track and at will album, ' +
        'played_ms, client; times are ISO 8601 or Unix seconds or milliseconds',
    )
    .option(
      '--encoding <name>',
      'of text, such as windows-1252 (default: what the file says, else UTF-8)',
    )
    .action(async (path: string, options: Options, self: Command) => {
      const { importHistoryOf } = await import('../import-history.ts');
      const funnel = await importHistoryOf(
        { path, ...options },
        { home: configOf(self).home, progress: progressLine(), signal: untilStopped() },
      );
      for (const line of linesOf(funnel)) process.stderr.write(`${line}\n`);
      if (options.json === true) printJson(funnel);
    });
}

/** A line every few seconds: how much is read, and how long the rest takes at that rate. */
function progressLine(everyMs = 2000): (progress: HistoryProgress) => void {
  const startedMs = performance.now();
  let toldMs = startedMs;
  let isReading = true;
  return ({ bytes, total, kept, file }) => {
    const nowMs = performance.now();
    if (file === undefined) {
      if (isReading) process.stderr.write('everything is read; the rows go into the lake\n');
      isReading = false;
      return;
    }
    if (nowMs - toldMs < everyMs) return;
    toldMs = nowMs;
    const rate = Math.max(bytes - kept, 1) / (nowMs - startedMs);
    const leftS = Math.ceil((total - bytes) / rate / 1000);
    const share = Math.floor((100 * bytes) / Math.max(total, 1));
    process.stderr.write(
      `${share} % of ${megabytes(total)} read, about ${duration(leftS)} left: ${file}\n`,
    );
  };
}

function megabytes(bytes: number): string {
  return `${number(Math.max(1, Math.round(bytes / 1e6)))} MB`;
}

function duration(seconds: number): string {
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function* linesOf(funnel: HistoryFunnel): Generator<string> {
  const { source, format, rowsIn, tables, dropped, repaired, reused } = funnel;
  const out = Object.entries(tables).map(([table, rows]) => `${number(rows)} ${table}`);
  yield (
    `${source} (${format}): ${number(rowsIn)} rows in, ` +
    `${out.length === 0 ? 'nothing new' : out.join(', ')}${reused ? ' (imported before)' : ''}`
  );
  for (const [reason, rows] of Object.entries(dropped)) {
    yield `  ${number(rows)} dropped: ${reason}`;
  }
  for (const [kind, values] of Object.entries(repaired)) {
    yield `  ${number(values)} repaired: ${kind}`;
  }
  if (funnel.passedOver.length > 0) {
    yield `  ${number(funnel.passedOver.length)} files passed over: ${some(funnel.passedOver)}`;
  }
}

function some(names: readonly string[]): string {
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')}, …`;
}
