import { once } from 'node:events';
import type { Command } from 'commander';
import { Mistake } from '../../model/mistake.ts';
import type { RegionQuery } from '../../model/regions.ts';
import type { MissingList } from '../../pipelines/delivery/missing.ts';
import type { Proof } from '../proof.ts';
import { addRegionOptions, regionOf } from './region-options.ts';
import { deadlineLines, missingLine, statusTable, storyLines } from './status-text.ts';
import { command, configOf, printJson, weekOption, wholeNumber } from './options.ts';

interface Options extends RegionQuery {
  readonly week?: string;
  readonly user?: string;
  readonly missing?: boolean;
  readonly limit?: number;
  readonly ndjson?: boolean;
  readonly json?: boolean;
}

/** Lines for people; programs get all. */
const defaultLimit = 100;

export function statusCommand(): Command {
  const status = command(
    'status',
    'Proves who had their list of a week by 00:00, by 06:00 and now, by region and zone, and why not.',
    'status --region Asia --week 2014-W36',
  );
  return addRegionOptions(status)
    .addOption(weekOption('ISO week (default: the newest that was made)'))
    .option('--user <id>', "the whole story of one listener's list")
    .option('--missing', 'who has no list, and why')
    .addOption(
      wholeNumber('--limit <number>', 'lines of --missing (default: 100; of --ndjson all)', 1),
    )
    .option('--ndjson', 'with --missing: one JSON object a line')
    .action(async (options: Options, self: Command) => {
      checkUse(options);
      const { openDelivery } = await import('../delivery.ts');
      const { deliveryOptions, listsOf } = await import('../open-delivery.ts');
      const { openHome } = await import('../home.ts');
      const { outlookOf, proofFor } = await import('../proof.ts');
      const config = configOf(self);
      // Before any server is started for it.
      await listsOf(openHome(config).archive, options.week);
      const opened = await deliveryOptions(config);
      const delivery = await openDelivery(opened);
      try {
        const proof = proofFor(opened, delivery);
        if (options.user !== undefined) await tellStory(proof, options.user, options);
        else if (options.missing === true) await tellMissing(proof, options);
        else {
          const found = await proof.status(options.week, regionOf(options));
          const deadlines = await outlookOf(opened, delivery, found);
          if (options.json === true) printJson({ ...found, deadlines });
          else print([statusTable(found), ...deadlineLines(deadlines)].join('\n'));
        }
      } finally {
        await delivery.dispose();
      }
    });
}

function checkUse({ user, missing, limit, ndjson, ...rest }: Options): void {
  const expect = (isRight: boolean, what: string) => {
    if (!isRight) throw new Mistake('USAGE', `${what}; see npx mondaymix status --help`);
  };
  expect(
    user === undefined || (missing !== true && regionOf(rest) === undefined),
    'expected --user alone or with --week, got --missing or a region with it',
  );
  expect(
    missing === true || (limit === undefined && ndjson !== true),
    'expected --limit and --ndjson with --missing, got them without',
  );
}

async function tellStory(proof: Proof, user: string, { week, json }: Options): Promise<void> {
  const story = await proof.story(user, week);
  if (json === true) printJson(story);
  else print(storyLines(story).join('\n'));
}

/** Streams, so that a million lines need no memory. */
async function tellMissing(proof: Proof, options: Options): Promise<void> {
  const { json, ndjson, limit = ndjson === true ? Infinity : defaultLimit } = options;
  const found: MissingList[] = [];
  let told = 0;
  let isMore = false;
  for await (const missing of await proof.missing(options.week, regionOf(options))) {
    if (told >= limit) {
      isMore = true;
      break;
    }
    told++;
    if (json === true && ndjson !== true) found.push(missing);
    else await write(`${ndjson === true ? JSON.stringify(missing) : missingLine(missing)}\n`);
  }
  if (json === true && ndjson !== true) printJson({ missing: found, isMore });
  else if (ndjson === true) return;
  else if (told === 0) process.stderr.write('nobody is missing\n');
  else if (isMore) process.stderr.write(`there are more than ${limit}; --limit shows them\n`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}
