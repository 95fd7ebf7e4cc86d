import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { Mistake } from '../../model/mistake.ts';
import { number } from '../../pipelines/funnel.ts';
import { command, configOf, printJson, untilStopped } from './options.ts';

interface Options {
  readonly yes?: boolean;
  readonly check?: boolean;
  readonly json?: boolean;
}

export function eraseCommand(): Command {
  return command(
    'erase',
    'Removes every trace of a listener, and searches all stores for what is left. What they do later counts again.',
    'erase u80e0410976 --yes',
  )
    .argument('<listener>', 'their id')
    .option('--yes', 'without a question')
    .option('--check', 'only search: exit 1 where they are named anywhere')
    .action(async (listener: string, { yes, check, json }: Options, self: Command) => {
      if (listener.trim() === '')
        throw new Mistake('USAGE', 'expected the id of a listener, got ""');
      if (check !== true && yes !== true && !(await isSure(listener))) {
        process.stderr.write('nothing was erased\n');
        process.exitCode = 1;
        return;
      }
      const { eraseListener, searchListener } = await import('../erase.ts');
      const { deliveryOptions } = await import('../open-delivery.ts');
      const options = await deliveryOptions(configOf(self));
      const signal = check === true ? untilStopped('nothing has changed') : untilStopped();
      const erasing = { ...options, signal };
      if (check === true) {
        const found = await searchListener(erasing, listener);
        if (json === true) printJson({ listener, found });
        tellFound(found);
        return;
      }
      const report = await eraseListener({ ...erasing, onWait: tellWaiting }, listener);
      for (const [what, removed] of Object.entries(report.removed)) {
        process.stderr.write(`${number(removed).padStart(9)}  ${what}\n`);
      }
      if (report.askedAgainAt !== null) {
        process.stderr.write(
          `it was asked for again at ${report.askedAgainAt}: what came since goes with another pass\n`,
        );
      }
      if (json === true) printJson(report);
      tellFound(report.found);
    });
}

function tellWaiting(what: string, holder: string, waitMs: number): void {
  const most = `${Math.ceil(waitMs / 60_000)} min`;
  process.stderr.write(`${what}: waiting up to ${most} for ${holder}, which is at work\n`);
}

function tellFound(found: readonly string[]): void {
  if (found.length === 0) {
    process.stderr.write('all stores were searched: they are named nowhere\n');
    return;
  }
  for (const place of found) process.stderr.write(`still named in ${place}\n`);
  process.exitCode = 1;
}

async function isSure(listener: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new Mistake(
      'USAGE',
      'expected --yes, or a terminal to ask on: what is erased does not come back; see npx mondaymix erase --help',
    );
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await asking.question(`Erase all that is known of ${listener}? Type yes: `);
    return answer.trim() === 'yes';
  } finally {
    asking.close();
  }
}
