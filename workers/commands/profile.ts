import type { Command } from 'commander';
import { Mistake } from '../../model/mistake.ts';
import type { Profile } from '../profile.ts';
import { command, configOf, printJson } from './options.ts';

interface Options {
  readonly zone?: string;
  readonly country?: string;
  readonly language?: string;
  readonly picture?: string;
  readonly json?: boolean;
}

export function profileCommand(): Command {
  return command(
    'profile',
    'Shows who a listener is, or says so: what is given takes the place of what was known, "" takes it back.',
    'profile u80e0410976 --zone Asia/Jakarta --country ID',
  )
    .argument('<listener>', 'their id')
    .option('--zone <zone>', 'IANA name: from the next list on it comes on Mondays there')
    .option('--country <code>', 'ISO 3166-1, two letters')
    .option('--language <tag>', 'BCP 47')
    .option('--picture <url>', 'https address of the picture for their covers')
    .action(async (listener: string, { json, picture, ...rest }: Options, self: Command) => {
      const { changeProfile, readProfile } = await import('../profile.ts');
      const config = configOf(self);
      const change = { ...rest, ...(picture === undefined ? {} : { pictureUrl: picture }) };
      const isChange = Object.keys(change).length > 0;
      const found = isChange
        ? await changeProfile(config, listener, change)
        : await readProfile(config, listener);
      if (found === undefined) {
        throw new Mistake(
          'UNKNOWN_LISTENER',
          `${listener}: expected a listener with a profile, the lake holds none of theirs`,
        );
      }
      if (json === true) printJson({ listener, ...found });
      else process.stdout.write(`${linesOf(found).join('\n')}\n`);
      if (isChange) process.stderr.write('it counts once npx mondaymix ingest has taken it in\n');
    });
}

function linesOf({ zone, country, language, pictureUrl, at }: Profile & { at: string }): string[] {
  const lines = { zone, country, language, picture: pictureUrl, since: at };
  return Object.entries(lines).map(([name, value]) => `${name.padEnd(8)}  ${value ?? '–'}`);
}
