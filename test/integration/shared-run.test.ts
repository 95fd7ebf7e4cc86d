import { afterAll, expect, jest, test } from '@jest/globals';
import type { WeekStatus } from '../../pipelines/delivery/status.ts';
import type { WeeklyResult } from '../../workers/weekly.ts';
import { documentsHash, openCommandLine, type CommandLine } from '../support/command-line.ts';

jest.setTimeout(900_000);

const week = '2026-W02';
const args = ['weekly', '--listeners', '300', '--tracks', '1000', '--week', week, '--json'];
const opened: CommandLine[] = [];
afterAll(async () => {
  for (const cli of opened) await cli.dispose();
});

async function life(): Promise<CommandLine> {
  const cli = await openCommandLine();
  opened.push(cli);
  return cli;
}

test('two weekly runs started together in one home share the work and end as one does', async () => {
  const alone = await life();
  const one = await alone.start(args).ended;
  expect(one.code).toBe(0);

  const shared = await life();
  const both = await Promise.all([shared.start(args).ended, shared.start(args).ended]);
  expect(both.map(({ code, errors }) => (code === 0 ? 'done' : errors))).toEqual(['done', 'done']);

  const [expected, ...got] = [one, ...both].map(({ output }) => JSON.parse(output) as WeeklyResult);
  const madeOf = ({ weeks }: WeeklyResult) =>
    weeks.map(({ lists, content, model, revision }) => ({ lists, content, model, revision }));
  for (const result of got) expect(madeOf(result)).toEqual(madeOf(expected!));
  // Nothing but what one of the two has made.
  const made = got.flatMap(({ weeks }) =>
    weeks.flatMap(({ funnel }) => funnel.filter(({ reused }) => !reused).map(({ label }) => label)),
  );
  const all = expected!.weeks.flatMap(({ funnel }) => funnel.map(({ label }) => label));
  expect(new Set(made)).toEqual(new Set(all));

  const documents = await shared.documents();
  expect(documentsHash(documents)).toBe(documentsHash(await alone.documents()));
  const { total } = await shared.json<WeekStatus>('status', '--week', week);
  const listeners = documents.length;
  expect(total).toMatchObject({ listeners, delivered: listeners, failed: 0, missing: 0 });
});
