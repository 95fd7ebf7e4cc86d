import type { Command } from 'commander';
import type { Model } from '../../pipelines/models.ts';
import type { Registry } from '../../pipelines/registry.ts';
import { reportCommand } from './model-report.ts';
import { command, configOf, printJson } from './options.ts';

/** Of a subcommand with those of `models`, which takes them wherever they are written. */
interface Options {
  readonly lake?: string;
  readonly why?: string;
  readonly json?: boolean;
}

/** `models`, `models show`, `models report`, `models promote` and `models rollback`. */
export function modelsCommand(): Command {
  const list = withLake(
    command('models', 'Lists the models of the registry, the newest first.', 'models'),
  ).action(async ({ lake, json }: Options, self: Command) => {
    const models = await inRegistry(self, (registry) => registry.models(lake));
    if (json === true) printJson({ models: models.map(inShort) });
    else process.stdout.write(`${table(models)}\n`);
  });
  for (const subcommand of [showCommand, reportCommand, promoteCommand, rollbackCommand]) {
    list.addCommand(subcommand());
  }
  return list;
}

function showCommand(): Command {
  return withLake(
    command(
      'show',
      'Shows all that is known of a model: where it comes from, its figures, what became of it.',
      'models show ranker-539966c1a541',
    ),
  )
    .argument('<version>', 'the version, or the beginning of one')
    .action(async (version: string, _: Options, self: Command) => {
      const { lake, json } = self.optsWithGlobals<Options>();
      const model = await inRegistry(self, (registry) => registry.find(version, lake));
      if (json === true) printJson(model);
      else process.stdout.write(`${description(model)}\n`);
    });
}

function promoteCommand(): Command {
  return withWhy(
    command(
      'promote',
      'Makes a model champion, whatever the gate says: of all weeks that are frozen from now on.',
      'models promote ranker-539966c1a541 --why "looked at by hand"',
    ),
  )
    .argument('<version>', 'the version, or the beginning of one')
    .action(async (version: string, _: Options, self: Command) => {
      const { lake, why, json } = self.optsWithGlobals<Options>();
      const model = await inRegistry(self, (registry) =>
        registry.promote(version, why ?? 'by command', lake),
      );
      process.stderr.write(`${model.version} is champion of ${model.lake} now; ${weeks}\n`);
      if (json === true) printJson({ champion: model.version, lake: model.lake });
    });
}

function rollbackCommand(): Command {
  return withWhy(
    command(
      'rollback',
      'Takes the champion out of office, at once: the one before it is champion again.',
      'models rollback --why "lists of 2014-W36 were worse"',
    ),
  ).action(async (_: Options, self: Command) => {
    const { lake, why, json } = self.optsWithGlobals<Options>();
    const { from, to } = await inRegistry(self, (registry) =>
      registry.rollback(why ?? 'by command', lake),
    );
    process.stderr.write(
      `${to.version} is champion of ${to.lake} again, not ${from.version}; ${weeks}\n`,
    );
    if (json === true) printJson({ champion: to.version, retired: from.version, lake: to.lake });
  });
}

const weeks =
  'weeks that are frozen already keep theirs, npx mondaymix weekly --recompute makes one anew';

function withLake(self: Command): Command {
  return self.option('--lake <name>', 'whose models: main, or the name of a simulation');
}

function withWhy(self: Command): Command {
  return withLake(self).option('--why <text>', 'kept with the model (default: by command)');
}

async function inRegistry<Result>(
  self: Command,
  work: (registry: Registry) => Promise<Result>,
): Promise<Result> {
  const { mongodbAtHand, openRegistry } = await import('../registry.ts');
  const config = configOf(self);
  const clock = () => Date.now();
  const { registry, dispose } = await openRegistry(config, clock, await mongodbAtHand(config));
  try {
    return await work(registry);
  } finally {
    await dispose();
  }
}

function inShort({ version, lake, state, parent, week, learnedUntil, ...model }: Model): object {
  const { dataCutoff, seed, code, metrics, createdAt } = model;
  return {
    ...{ version, lake, state, parent, week, dataCutoff, learnedUntil, seed, code, createdAt },
    'ndcg@30': metrics['ndcg@30'],
    difference: metrics['difference'],
    listeners: metrics['listeners'],
  };
}

function table(models: readonly Model[]): string {
  if (models.length === 0) return 'no models yet; npx mondaymix weekly makes one';
  const header = [
    'version',
    'state',
    'week',
    'learned until',
    'NDCG@30',
    'gain',
    'listeners',
    'lake',
  ];
  const rows = models.map(({ version, state, week, learnedUntil, metrics, lake }) => [
    version,
    state,
    week,
    learnedUntil?.slice(0, 10) ?? 'nothing',
    figure(metrics['ndcg@30'], 4),
    figure(metrics['difference'], 4),
    figure(metrics['listeners'], 0),
    lake,
  ]);
  const isNumber = (column: number) => column >= 4 && column <= 6;
  const widths = header.map((name, c) =>
    Math.max(name.length, ...rows.map((row) => row[c]!.length)),
  );
  return [header, ...rows]
    .map((row) =>
      row
        .map((cell, c) => (isNumber(c) ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function description(model: Model): string {
  const { gate } = model;
  const lines: [string, string][] = [
    ['state', model.state],
    ['lake', model.lake],
    [
      'trained for',
      `${model.week}, revision ${model.revision}, on listens before ${model.dataCutoff}`,
    ],
    ['learned until', model.learnedUntil ?? 'from no label'],
    ['parent', model.parent ?? 'none'],
    ['seed', String(model.seed)],
    ['code', model.code],
    ['created', model.createdAt],
    [
      'file',
      `${model.file.name}, ${model.file.bytes} bytes, SHA-256 ${model.file.sha256.slice(0, 12)}…`,
    ],
    ['features', String(model.features.length)],
  ];
  const block = (entries: readonly (readonly [string, string])[]): string[] => {
    const width = Math.max(...entries.map(([name]) => name.length));
    return entries.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  };
  return [
    model.version,
    ...block(lines),
    'figures',
    ...block(
      Object.entries(model.metrics).map(
        ([name, value]) => [name, typeof value === 'number' ? figure(value, 4) : value] as const,
      ),
    ),
    ...(gate === null || gate.guardrails.length === 0
      ? []
      : [
          'guardrails',
          ...block(
            gate.guardrails.map(({ name, challenger, champion, bound, limit, holds }) => [
              name,
              `${figure(challenger, 4)} against ${figure(champion, 4)}, at ${bound} ${figure(limit, 4)}${holds ? '' : ': BROKEN'}`,
            ]),
          ),
        ]),
    ...(gate === null ? [] : ['gate', ...gate.reasons.map((reason) => `  ${reason}`)]),
    'history',
    ...(model.history.length === 0
      ? ['  never in office']
      : model.history.map(({ at, state, by, why }) => `  ${at}  ${state} by ${by}: ${why}`)),
  ].join('\n');
}

/** Empty for what is not there. */
function figure(value: number | string | undefined, digits: number): string {
  return typeof value === 'number'
    ? Number.isInteger(value)
      ? String(value)
      : value.toFixed(digits)
    : (value ?? '');
}
