import type { Command } from 'commander';
import { continuationWays } from '../../model/evaluation/continuation.ts';
import { Mistake } from '../../model/mistake.ts';
import {
  playlistMetrics,
  type PlaylistFigures,
  type PlaylistMetric,
} from '../../pipelines/evaluate/playlists.ts';
import { number } from '../../pipelines/funnel.ts';
import type { PlaylistsResult } from '../evaluate-playlists.ts';
import { dayOption } from './evaluate-next.ts';
import { command, configOf, printJson, untilStopped, wholeNumber } from './options.ts';

interface Options {
  readonly data?: string;
  readonly cutoff?: string;
  readonly horizonDays?: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** `evaluate playlists`, a command of `evaluate`. */
export function evaluatePlaylistsCommand(): Command {
  return command(
    'playlists',
    'Compares ways to go on with a playlist with the tracks that playlists gained after a cut-off.',
    'evaluate playlists --data ../shared/data --cutoff 2021-01-01',
  )
    .option('--data <folder>', 'folder of sources, read only')
    .addOption(dayOption('--cutoff <date>', 'day from which on what was added is to be found'))
    .addOption(
      wholeNumber('--horizon-days <number>', 'days after the cut-off that count (default: all)', 1),
    )
    .addOption(wholeNumber('--seed <number>', 'seed of everything that draws lots', 0).default(1))
    .action(async (_: unknown, self: Command) => {
      // What `evaluate` has too (--json, --seed) it takes, wherever it is written.
      const { data, cutoff, horizonDays, seed, json } = self.optsWithGlobals<Options>();
      for (const [name, value] of Object.entries({ data, cutoff })) {
        if (value !== undefined) continue;
        throw new Mistake(
          'USAGE',
          `expected --${name}, got none; see npx mondaymix evaluate playlists --help`,
        );
      }
      const { evaluatePlaylists } = await import('../evaluate-playlists.ts');
      const result = await evaluatePlaylists(
        configOf(self),
        { data: data!, cutoff: cutoff!, horizonDays, seed },
        untilStopped(),
      );
      const out = json === true ? process.stderr : process.stdout;
      out.write(`${table(result)}\n`);
      if (json === true) printJson(result);
    });
}

function table(result: PlaylistsResult): string {
  const { additions, additionsKnownBefore: known, playlists } = result;
  return [
    `${number(playlists)} playlists gained ${number(additions)} tracks from ${result.cutoff} on; ` +
      `${number(known)} of them (${((100 * known) / additions).toFixed(1)} %) were in a playlist before and can be found`,
    `${number(result.playlistsUnknownBefore)} further playlists were empty or unknown before`,
    ...figures('against all tracks gained', result.all),
    ...figures(
      `against those known before (${number(result.known.playlists)} playlists)`,
      result.known,
    ),
    `\ndone in ${result.seconds.toFixed(1)} s`,
  ].join('\n');
}

function figures(title: string, { ways, comparisons }: PlaylistFigures): string[] {
  const cell = (value: number | null) => (value === null ? '-' : value.toFixed(4));
  return [
    `\n${title.padEnd(44)}${playlistMetrics.map((metric) => metric.padStart(12)).join('')}`,
    ...continuationWays.map(
      (way) =>
        `  ${way.padEnd(42)}${playlistMetrics.map((metric) => cell(ways[way][metric]).padStart(12)).join('')}`,
    ),
    ...comparisons.map(({ first, second, figures: found }) => {
      const said = (['rPrecision', 'ndcg@500'] satisfies PlaylistMetric[]).map((metric) => {
        const { mean, low, high } = found[metric]!;
        return `${metric} ${cell(mean)} [${cell(low)}, ${cell(high)}]`;
      });
      return `  ${`${first} - ${second}`.padEnd(30)}${said.join('   ')}`;
    }),
  ];
}
