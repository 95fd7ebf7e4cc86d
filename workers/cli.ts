import { Command, CommanderError } from 'commander';
import { Mistake } from '../model/mistake.ts';
import { apiCommand } from './commands/api.ts';
import { deliverCommand } from './commands/deliver.ts';
import { downCommand, upCommand } from './commands/servers.ts';
import { importCommand } from './commands/import.ts';
import { reconcileCommand } from './commands/reconcile.ts';
import { redeliverCommand } from './commands/redeliver.ts';
import { schedulerCommand } from './commands/scheduler.ts';
import { simulateCommand } from './commands/simulate.ts';
import { statusCommand } from './commands/status.ts';
import { tokenCommand } from './commands/token.ts';
import { weeklyCommand } from './commands/weekly.ts';

const program = new Command('mondaymix')
  .description('Every Monday morning, in their own time zone, every listener finds 30 tracks.')
  .option('--home <folder>', 'where everything written lies (default: .mondaymix)')
  .showHelpAfterError('(add --help for the options and an example)')
  .exitOverride();

for (const command of [
  weeklyCommand,
  schedulerCommand,
  deliverCommand,
  apiCommand,
  statusCommand,
  redeliverCommand,
  reconcileCommand,
  importCommand,
  simulateCommand,
  tokenCommand,
  upCommand,
  downCommand,
]) {
  program.addCommand(command().exitOverride().showHelpAfterError(), { hidden: false });
}

/** 0 done, 1 failed, 2 wrong use. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Mistake) {
    process.stderr.write(`mondaymix: ${error.message}\n`);
    return error.code === 'USAGE' ? 2 : 1;
  }
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
}

program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
