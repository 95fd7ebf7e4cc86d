import { Command, CommanderError } from 'commander';
import { Mistake } from '../model/mistake.ts';
import { apiCommand } from './commands/api.ts';
import { audioCommand } from './commands/audio.ts';
import { crawlCommand } from './commands/crawl.ts';
import { deadLettersCommand } from './commands/dead-letters.ts';
import { deliverCommand } from './commands/deliver.ts';
import { eraseCommand } from './commands/erase.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { failureLine } from './commands/failure.ts';
import { downCommand, upCommand } from './commands/servers.ts';
import { importCommand } from './commands/import.ts';
import { importHistoryCommand } from './commands/import-history.ts';
import { ingestCommand } from './commands/ingest.ts';
import { inOneLine } from './commands/options.ts';
import { modelsCommand } from './commands/models.ts';
import { notebooksCommand } from './commands/notebooks.ts';
import { prepareCommand } from './commands/prepare.ts';
import { profileCommand } from './commands/profile.ts';
import { reconcileCommand } from './commands/reconcile.ts';
import { redeliverCommand } from './commands/redeliver.ts';
import { schedulerCommand } from './commands/scheduler.ts';
import { simulateCommand } from './commands/simulate.ts';
import { sourcesCommand } from './commands/sources.ts';
import { sqlCommand } from './commands/sql.ts';
import { statusCommand } from './commands/status.ts';
import { tokenCommand } from './commands/token.ts';
import { weeklyCommand } from './commands/weekly.ts';

const examples = `
Examples:
  npx mondaymix weekly                                          simulated listeners
  npx mondaymix weekly --data ../shared/data --week 2014-W36    a folder of sources
  npx mondaymix status                                          how far the delivery is
  npx mondaymix weekly --help                                   options of a command`;

const program = inOneLine(new Command('mondaymix'))
  .description('Every Monday morning, in their own time zone, every listener finds 30 tracks.')
  .option('--home <folder>', 'where everything written lies (default: .mondaymix)')
  .addHelpText('after', examples);

for (const command of [
  weeklyCommand,
  schedulerCommand,
  deliverCommand,
  apiCommand,
  audioCommand,
  statusCommand,
  redeliverCommand,
  reconcileCommand,
  deadLettersCommand,
  eraseCommand,
  importCommand,
  crawlCommand,
  sourcesCommand,
  importHistoryCommand,
  ingestCommand,
  prepareCommand,
  simulateCommand,
  evaluateCommand,
  modelsCommand,
  notebooksCommand,
  profileCommand,
  sqlCommand,
  tokenCommand,
  upCommand,
  downCommand,
]) {
  program.addCommand(command());
}

/** 0 done, 1 failed, 2 wrong use. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const line = failureLine(error);
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${line === undefined ? stack : `mondaymix: ${line}`}\n`);
  return error instanceof Mistake && error.code === 'USAGE' ? 2 : 1;
}

// Whoever reads may have gone (`| head`): the work goes on, what it says is lost.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
