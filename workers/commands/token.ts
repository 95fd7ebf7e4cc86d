import type { Command } from 'commander';
import type { Bearer } from '../../infra/tokens.ts';
import { Mistake } from '../../model/mistake.ts';
import { command, configOf, printJson, wholeNumber } from './options.ts';

interface Options {
  readonly user?: string;
  readonly operations?: boolean;
  readonly days: number;
  readonly json?: boolean;
}

export function tokenCommand(): Command {
  return command('token', 'Prints a bearer token for the API.', 'token --user u80e0410976')
    .option('--user <id>', "a listener's own token: reads that listener's lists")
    .option('--operations', 'a token with the operations scope')
    .addOption(wholeNumber('--days <number>', 'validity', 1).default(365))
    .action(async ({ user, operations, days, json }: Options, self: Command) => {
      if ((user === undefined) === (operations !== true)) {
        throw new Mistake(
          'USAGE',
          `expected one of --user and --operations, got ${user === undefined ? 'none' : 'both'}; see npx mondaymix token --help`,
        );
      }
      const { openTokens, tokenSecret } = await import('../../infra/tokens.ts');
      const bearer: Bearer =
        user === undefined ? { scope: 'operations' } : { scope: 'listener', user };
      const tokens = openTokens(await tokenSecret(configOf(self).home), () => Date.now());
      const token = await tokens.issue(bearer, days);
      if (json === true) printJson({ token, days, ...bearer });
      else process.stdout.write(`${token}\n`);
    });
}
