import { Command, Option } from 'commander';
import { Mistake } from '../../model/mistake.ts';
import { parseWeek, weekRange } from '../../model/week.ts';
import { readConfig, type Config } from '../../infra/config.ts';

/** What every command takes. */
export interface CommonOptions {
  readonly home?: string;
  readonly json?: boolean;
}

/** A command that gives a result: with `--json`, and an example at the end of its help. */
export function command(name: string, description: string, example: string): Command {
  return service(name, description, example).option(
    '--json',
    'print one JSON object as the last line of standard output',
  );
}

/** A command that runs until it is stopped: as `command`, without a result to print. */
export function service(name: string, description: string, example: string): Command {
  return inOneLine(new Command(name))
    .description(description)
    .addHelpText('after', `\nExample:\n  npx mondaymix ${example}`);
}

/** Wrong use is told in one line that names where to read on, and thrown as `CommanderError`. */
export function inOneLine(command: Command): Command {
  return command.exitOverride().configureOutput({
    outputError(text, write) {
      const said = text.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
      const names: string[] = [];
      for (let at = command; at.parent; at = at.parent) names.unshift(at.name());
      write(`mondaymix: ${said.trim()}; see ${['npx mondaymix', ...names, '--help'].join(' ')}\n`);
    },
  });
}

/** `--metrics 9464`: where a service that has no API gives out its metrics. */
export function metricsOption(): Option {
  return wholeNumber(
    '--metrics <port>',
    'TCP port for Prometheus at /metrics, 0 for a free one (default: METRICS_PORT, else none)',
    0,
  );
}

/** The configuration, with what the command line says before what the environment says. */
export function configOf(self: Command): Config {
  const { home, metrics } = self.optsWithGlobals<CommonOptions & { metrics?: number }>();
  return readConfig({
    ...(home === undefined ? {} : { home }),
    ...(metrics === undefined ? {} : { metricsPort: metrics }),
  });
}

/** Prints the result for programs: the last line of standard output. */
export function printJson(result: unknown): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** `2014-W36`. */
export function weekOption(description = 'ISO week, such as 2014-W36'): Option {
  return parsed('--week <week>', description, (week) => {
    parseWeek(week);
    return week;
  });
}

/** `2014-W20..2014-W36`: the weeks, ascending. */
export function weeksOption(flags: string, description: string): Option {
  return parsed(flags, description, weekRange);
}

/** A whole number of at least `least`. */
export function wholeNumber(flags: string, description: string, least: number): Option {
  return parsed(flags, description, (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new Mistake('USAGE', `expected a whole number of at least ${least}, got "${text}"`);
  });
}

/** `10,20`: whole numbers of at least `least`, ascending, each once. */
export function wholeNumbers(flags: string, description: string, least: number): Option {
  return parsed(flags, description, (text) => {
    const values = text.split(',').map(Number);
    if (/^\d+(,\d+)*$/.test(text) && values.every((v) => Number.isSafeInteger(v) && v >= least)) {
      return [...new Set(values)].sort((a, b) => a - b);
    }
    throw new Mistake('USAGE', `expected whole numbers of at least ${least}, got "${text}"`);
  });
}

/** @param choices - all that may be given; named in the message where it is something else */
export function choice(flags: string, description: string, choices: readonly string[]): Option {
  return parsed(flags, description, (text) => {
    if (choices.includes(text)) return text;
    throw new Mistake('USAGE', `expected one of ${choices.join(', ')}, got "${text}"`);
  });
}

/** An option whose mistakes name it. */
function parsed(flags: string, description: string, parse: (text: string) => unknown): Option {
  const option = new Option(flags, description);
  return option.argParser((text: string) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      throw new Mistake(error.code, `${option.long}: ${error.message}`, { cause: error });
    }
  });
}

/**
 * Stops at Ctrl-C or SIGTERM; a second one ends the process at once.
 *
 * @param next - what becomes of the work that was stopped; part of the message
 */
export function untilStopped(next = 'the same command goes on from here'): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort(new Stopped(signal, next)));
  }
  return controller.signal;
}

/** For commands that keep nothing of what they had done. */
export const beginsAnew = 'nothing is kept of it, the same command begins anew';

/** The user has stopped the command. */
export class Stopped extends Error {
  override readonly name = 'Stopped';

  constructor(signal: string, next: string) {
    super(`stopped by ${signal}; ${next}`);
  }
}
