import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { Config } from '../../infra/config.ts';
import { Mistake } from '../../model/mistake.ts';
import { number } from '../../pipelines/funnel.ts';
import type { Delivery } from '../delivery.ts';
import type { ListedLetter, Selection } from '../dead-letters.ts';
import { command, configOf, printJson, service, untilStopped, weekOption } from './options.ts';

interface Options extends Selection {
  readonly all?: boolean;
  readonly json?: boolean;
}

/** Batches that failed for good: what they are, another try, or the end of them. */
export function deadLettersCommand(): Command {
  return service(
    'dead-letters',
    'Batches that failed for good: shows them, tries them again, or drops them.',
    'dead-letters list',
  )
    .addCommand(listCommand())
    .addCommand(retryCommand())
    .addCommand(dropCommand());
}

function listCommand(): Command {
  return selecting(
    command(
      'list',
      'Shows what lies in the dead-letter queue: batch, lists, age, tries, reason; the oldest first.',
      'dead-letters list --week 2014-W36',
    ),
  ).action(async ({ json, ...selection }: Options, self: Command) => {
    const { listDeadLetters } = await import('../dead-letters.ts');
    await dealing(configOf(self), false, async (delivery) => {
      const deadLetters = await listDeadLetters(delivery, selection);
      if (json === true) printJson({ deadLetters, lists: sumOfLists(deadLetters) });
      else process.stdout.write(`${tableOf(deadLetters)}\n`);
    });
  });
}

function retryCommand(): Command {
  return selecting(
    command(
      'retry',
      'Puts dead letters back into the work queue, and tells what becomes of them.',
      'dead-letters retry --zone Asia/Jakarta',
    ),
  )
    .option('--all', 'every one')
    .action(async ({ json, all, ...selection }: Options, self: Command) => {
      requireSelection(self, selection, all);
      const signal = untilStopped(
        'what was put back is with the workers, npx mondaymix dead-letters list shows what is left',
      );
      const { retryDeadLetters } = await import('../dead-letters.ts');
      await dealing(configOf(self), true, async (delivery) => {
        const result = await retryDeadLetters(delivery, selection, { signal });
        const { retried, delivered, failed, waiting } = result;
        for (const { id, reason } of failed)
          process.stderr.write(`${id} failed again: ${reason}\n`);
        process.stderr.write(
          retried.length === 0
            ? 'there are no dead letters\n'
            : `${number(retried.length)} tried again: ${number(delivered.length)} delivered, ${number(failed.length)} failed again, ${number(waiting.length)} waiting\n`,
        );
        if (json === true) printJson(result);
        if (failed.length + waiting.length > 0) process.exitCode = 1;
      });
    });
}

function dropCommand(): Command {
  return selecting(
    command(
      'drop',
      'Takes dead letters out of the queue for good; the ledger keeps them as failed, with who and why.',
      'dead-letters drop --batch 2014-W36:Asia/Jakarta:1:3 --why "a test of ours" --yes',
    ),
  )
    .option('--all', 'every one')
    .option('--why <text>', 'kept in the ledger', 'no reason was given')
    .option('--by <name>', 'who, kept in the ledger (default: the name of the account)')
    .option('--yes', 'without a question')
    .action(
      async (
        {
          json,
          all,
          why,
          by = userInfo().username,
          yes,
          ...selection
        }: Options & { why: string; by?: string; yes?: boolean },
        self: Command,
      ) => {
        requireSelection(self, selection, all);
        if (yes !== true && !process.stdin.isTTY) {
          throw new Mistake(
            'USAGE',
            `expected --yes, or a terminal to ask on: what is dropped does not come back; see ${helpOf(self)}`,
          );
        }
        const { dropDeadLetters, listDeadLetters } = await import('../dead-letters.ts');
        await dealing(configOf(self), false, async (delivery) => {
          if (yes !== true) {
            const meant = await listDeadLetters(delivery, selection);
            if (meant.length > 0 && !(await isSure(meant))) {
              process.stderr.write('nothing was dropped\n');
              process.exitCode = 1;
              return;
            }
          }
          const result = await dropDeadLetters(delivery, selection, { by, why });
          const { dropped, delivered } = result;
          process.stderr.write(
            dropped.length + delivered.length === 0
              ? 'there are no dead letters\n'
              : `${number(dropped.length)} dropped${delivered.length === 0 ? '' : `, ${number(delivered.length)} had been delivered since`}\n`,
          );
          if (json === true) printJson(result);
        });
      },
    );
}

function selecting(one: Command): Command {
  return one
    .addOption(weekOption('of this ISO week, such as 2014-W36'))
    .option('--zone <zone>', 'of this zone, such as Asia/Jakarta')
    .option('--batch <id>', 'this one, as list shows it; or a number of a batch');
}

function requireSelection(self: Command, selection: Selection, all: boolean | undefined): void {
  const isNamed = [selection.week, selection.zone, selection.batch].some(
    (value) => value !== undefined,
  );
  if (isNamed !== (all === true)) return;
  throw new Mistake(
    'USAGE',
    `expected --week, --zone or --batch, or else --all, got ${isNamed ? 'both' : 'none'}; see ${helpOf(self)}`,
  );
}

function helpOf(self: Command): string {
  return `npx mondaymix dead-letters ${self.name()} --help`;
}

/** @param working - whether this process takes batches from the work queue meanwhile */
async function dealing(
  config: Config,
  working: boolean,
  use: (delivery: Delivery & { clock: () => number }) => Promise<void>,
): Promise<void> {
  const { openDelivery } = await import('../delivery.ts');
  const { deliveryOptions } = await import('../open-delivery.ts');
  const options = await deliveryOptions(config);
  const delivery = await openDelivery(options);
  try {
    if (working) await delivery.startDelivering();
    await use({ ...delivery, clock: options.clock });
  } finally {
    await delivery.dispose();
  }
}

async function isSure(letters: readonly ListedLetter[]): Promise<boolean> {
  process.stderr.write(`${tableOf(letters)}\n`);
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await asking.question(
      `Drop ${number(letters.length)}, of ${number(sumOfLists(letters))} lists, for good? Type yes: `,
    );
    return answer.trim() === 'yes';
  } finally {
    asking.close();
  }
}

function tableOf(letters: readonly ListedLetter[]): string {
  if (letters.length === 0) return 'there are no dead letters';
  const width = Math.max(5, ...letters.map(({ id }) => id.length)) + 2;
  const row = (id: string, lists: string, age: string, tries: string, reason: string) =>
    `${id.padEnd(width)}${lists.padStart(6)}${age.padStart(9)}${tries.padStart(7)}  ${reason}`;
  return [
    row('batch', 'lists', 'age', 'tries', 'reason'),
    ...letters.map(({ id, lists, ageSeconds, tries, reason }) =>
      row(id, number(lists), ageOf(ageSeconds), String(tries), reason),
    ),
  ].join('\n');
}

function ageOf(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

function sumOfLists(letters: readonly ListedLetter[]): number {
  return letters.reduce((sum, { lists }) => sum + lists, 0);
}
