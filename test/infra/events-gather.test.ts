import { expect, test } from '@jest/globals';
import { gatherEntries } from '../../infra/http/events-gather.ts';
import { Mistake } from '../../model/mistake.ts';
import type { LogEntry } from '../../pipelines/intake/log.ts';
import { silentLog } from '../support/servers.ts';

/** A log whose entries are confirmed or refused by hand. */
function logByHand() {
  const waiting: { entry: LogEntry; confirm: () => void; refuse: (error: Error) => void }[] = [];
  const append = (entry: LogEntry) =>
    new Promise<void>((confirm, refuse) => {
      waiting.push({ entry, confirm, refuse });
    });
  return { waiting, gatherer: gatherEntries({ append }, silentLog) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const rowsOf = ({ body }: LogEntry) => Buffer.from(body).toString().split('\n').slice(0, -1);
const write = (gatherer: ReturnType<typeof logByHand>['gatherer'], ...rows: number[]) =>
  gatherer.write({ table: 'listens', lines: rows.map((n) => `{"n":${n}}\n`) });

test('what comes at once is one entry, and answered when that is confirmed', async () => {
  const { waiting, gatherer } = logByHand();
  const answered: string[] = [];
  const writes = [write(gatherer, 1, 2), write(gatherer, 3)].map((one, n) =>
    one.then(() => answered.push(`${n}`)),
  );
  await turn();
  expect(waiting.map(({ entry }) => [entry.table, entry.rows, rowsOf(entry)])).toEqual([
    ['listens', 3, ['{"n":1}', '{"n":2}', '{"n":3}']],
  ]);
  await turn();
  expect(answered).toEqual([]);
  waiting[0]!.confirm();
  await Promise.all(writes);
  expect(answered).toEqual(['0', '1']);
});

test('while two entries are on their way, what comes waits together for one of them', async () => {
  const { waiting, gatherer } = logByHand();
  const writes: Promise<void>[] = [];
  for (let n = 1; n <= 6; n++) {
    writes.push(write(gatherer, n));
    await turn();
  }
  expect(waiting.map(({ entry }) => entry.rows)).toEqual([1, 1]);
  waiting[0]!.confirm();
  await writes[0];
  await turn();
  expect(waiting.map(({ entry }) => entry.rows)).toEqual([1, 1, 4]);
  waiting[1]!.confirm();
  waiting[2]!.confirm();
  await Promise.all(writes);
  expect(waiting.flatMap(({ entry }) => rowsOf(entry))).toEqual(
    [1, 2, 3, 4, 5, 6].map((n) => `{"n":${n}}`),
  );
});

test('a refused entry fails those whose rows are in it, and nobody else', async () => {
  const { waiting, gatherer } = logByHand();
  const first = write(gatherer, 1);
  await turn();
  const second = write(gatherer, 2);
  await turn();
  waiting[0]!.refuse(new Mistake('SERVER_DOWN', 'the broker is away'));
  waiting[1]!.confirm();
  await expect(first).rejects.toThrow('the broker is away');
  await second;
  const third = write(gatherer, 3);
  await turn();
  waiting[2]!.confirm();
  await third;
});

test('tables do not wait for each other', async () => {
  const { waiting, gatherer } = logByHand();
  for (let n = 0; n < 2; n++) {
    void write(gatherer, n);
    await turn();
  }
  void gatherer.write({ table: 'feedback', lines: ['{}\n'] });
  await turn();
  expect(waiting.map(({ entry }) => entry.table)).toEqual(['listens', 'listens', 'feedback']);
});

test('a large request becomes several entries of whole rows, and all must be confirmed', async () => {
  const { waiting, gatherer } = logByHand();
  const lines = Array.from({ length: 10 }, (_, n) => `{"n":${n},"a":"${'x'.repeat(200_000)}"}\n`);
  let isAnswered = false;
  const written = gatherer.write({ table: 'listens', lines }).then(() => (isAnswered = true));
  await turn();
  expect(waiting.map(({ entry }) => entry.rows)).toEqual([3, 3, 3]);
  for (const { confirm } of waiting) confirm();
  await turn();
  expect(isAnswered).toBe(false);
  await turn();
  waiting[3]!.confirm();
  await written;
  const all = waiting.map(({ entry }) => Buffer.from(entry.body).toString()).join('');
  expect(all).toBe(lines.join(''));
});
