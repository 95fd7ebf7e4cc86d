import { Option, type Command } from 'commander';
import { Mistake } from '../../model/mistake.ts';
import { algorithms, defaultAlgorithm } from '../../model/recommend/algorithms.ts';
import { lineOrders, type LineOrder } from '../../pipelines/evaluate/split.ts';
import type { EvaluateRequest, EvaluateResult } from '../evaluate.ts';
import { evaluateNextCommand } from './evaluate-next.ts';
import { evaluatePlaylistsCommand } from './evaluate-playlists.ts';
import {
  beginsAnew,
  choice,
  command,
  printJson,
  untilStopped,
  wholeNumber,
  wholeNumbers,
} from './options.ts';

interface Options {
  readonly train?: string;
  readonly valid?: string;
  readonly test?: string;
  readonly order: LineOrder;
  readonly model: string;
  readonly option: Readonly<Record<string, unknown>>;
  readonly tune?: boolean;
  readonly fitValid?: boolean;
  readonly k: readonly number[];
  readonly seed: number;
  readonly threads?: number;
  readonly compare?: string;
  readonly perListener?: string;
  readonly json?: boolean;
}

const summary =
  'Measures a model on files in the LightGCN format (a line: user, items): ranks all items, masks those of training.';

function described(): string {
  const models = [...algorithms.values()].map((model) => {
    const options = Object.entries(model.options.parse({}) as Record<string, unknown>).map(
      ([name, value]) => `${name}=${JSON.stringify(value)}`,
    );
    const line = `  ${model.name.padEnd(16)}${model.description}`;
    return options.length === 0 ? line : `${line} (${options.join(', ')})`;
  });
  return [summary, '', 'Models, with their options:', ...models].join('\n');
}

export function evaluateCommand(): Command {
  const names = [...algorithms.keys()];
  const self = command(
    'evaluate',
    described(),
    'evaluate --train train.txt --valid valid.txt --test test.txt --tune --fit-valid --k 20',
  )
    .option('--train <file>', 'what the model learns from')
    .option('--valid <file>', 'what options are chosen on')
    .option('--test <file>', 'what the lists should find')
    .addOption(
      choice(
        '--order <meaning>',
        'what the order of a training line says: time, the oldest first, if tuning finds that so; or none',
        lineOrders,
      ).default('time'),
    )
    .addOption(
      choice('--model <name>', `model: ${names.join(', ')}`, names).default(defaultAlgorithm),
    )
    .addOption(
      new Option('--option <name=value>', 'an option of the model; may be given several times')
        .default({}, 'its defaults')
        .argParser(addModelOption),
    )
    .option('--tune', 'choose the options on the valid file, but for those given')
    .option('--fit-valid', 'then train on the train and the valid file, and mask both')
    .addOption(
      wholeNumbers('--k <numbers>', 'cuts of the lists, such as 10,20', 1).default(
        [10, 20],
        '10,20',
      ),
    )
    .addOption(wholeNumber('--seed <number>', 'names the random streams', 0).default(1))
    .addOption(wholeNumber('--threads <number>', 'threads (default: one for each core)', 1))
    .addOption(choice('--compare <name>', 'a second model: differences by paired bootstrap', names))
    .option('--per-listener <file>', 'write the figures of each listener to this file, as CSV')
    .summary(summary)
    .action(async ({ json, ...options }: Options) => {
      const { evaluate } = await import('../evaluate.ts');
      const { resultJson, resultTable } = await import('../evaluate-table.ts');
      const result: EvaluateResult = await evaluate(
        requestOf(options, self),
        untilStopped(beginsAnew),
      );
      if (json === true) printJson(resultJson(result));
      else process.stdout.write(`${resultTable(result)}\n`);
    });
  for (const subcommand of subcommands) self.addCommand(subcommand());
  return self;
}

/** `evaluate next` and the like, each in a file of its own. */
const subcommands: readonly (() => Command)[] = [evaluateNextCommand, evaluatePlaylistsCommand];

function requestOf(options: Options, self: Command): EvaluateRequest {
  const { train, valid, test, tune = false, fitValid = false } = options;
  const wrong = (message: string): never => self.error(message);
  if (train === undefined) return wrong('expected --train <file>, got none');
  if (test === undefined) return wrong('expected --test <file>, got none');
  if (valid === undefined && tune) return wrong('expected --valid <file> with --tune, got none');
  if (valid === undefined && fitValid) {
    return wrong('expected --valid <file> with --fit-valid, got none');
  }
  return {
    files: { train, test, ...(valid === undefined ? {} : { valid }) },
    order: options.order,
    model: options.model,
    options: options.option,
    ks: options.k,
    seed: options.seed,
    threads: options.threads,
    compare: options.compare,
    perListener: options.perListener,
    tune,
    fitValid,
  };
}

/** `k=200`, `measure=cosine`: the value as JSON, or else as text. */
function addModelOption(text: string, before: unknown): Record<string, unknown> {
  const [, name, value] = /^([A-Za-z]\w*)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new Mistake('USAGE', `--option: expected name=value, such as k=200, got "${text}"`);
  }
  return { ...(before as Record<string, unknown>), [name]: parsedOrText(value) };
}

function parsedOrText(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}
