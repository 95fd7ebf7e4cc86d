import { Command, InvalidArgumentError, Option } from 'commander';
import { Mistake } from '../../model/mistake.ts';
import { parseWeek } from '../../model/week.ts';
import { readConfig, type Config } from '../../infra/config.ts';

/** What every command takes. */
export interface CommonOptions {
  readonly home?: string;
  readonly json?: boolean;
}

/** A command with `--json`, an example at the end of its help, and the exit codes of all. */
export function command(name: string, description: string, example: string): Command {
  return new Command(name)
    .description(description)
    .option('--json', 'print one JSON object as the last line of standard output')
    .addHelpText('after', `\nExample:\n  npx mondaymix ${example}`);
}

/** The configuration, with what the command line says before what the environment says. */
export function configOf(self: Command): Config {
  const { home } = self.optsWithGlobals<CommonOptions>();
  return readConfig(home === undefined ? {} : { home });
}

/** Prints the result for programs: the last line of standard output. */
export function printJson(result: unknown): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** `2014-W36`. */
export function weekOption(flags = '--week <week>', description = 'ISO week, such as 2014-W36') {
  return new Option(flags, description).argParser((value: string) => {
    try {
      parseWeek(value);
      return value;
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Mistake ? error.message : String(error));
    }
  });
}

/** A whole number of at least `least`. */
export function wholeNumber(least: number): (value: string) => number {
  return (value) => {
    const parsed = Number(value);
    if (!Number.isInteger(parsed) || parsed < least) {
      throw new InvalidArgumentError(
        `expected a whole number of at least ${least}, got "${value}"`,
      );
    }
    return parsed;
  };
}

/** Stops at Ctrl-C or SIGTERM; a second one ends the process at once. */
export function untilStopped(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort(new Stopped(signal)));
  }
  return controller.signal;
}

/** The user has stopped the command. */
export class Stopped extends Error {
  override readonly name = 'Stopped';

  constructor(signal: string) {
    super(`stopped by ${signal}; the same command goes on from here`);
  }
}
