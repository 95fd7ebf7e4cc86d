import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { writeLines } from '../../infra/http/events-write.ts';
import type { LogEntry } from '../../pipelines/intake/log.ts';

const text = ({ body }: LogEntry) => Buffer.from(body).toString();

/** A log that confirms an entry, or refuses it, when it is told to. */
function logByHand() {
  const waiting: { entry: LogEntry; confirm: () => void; refuse: (error: Error) => void }[] = [];
  const append = (entry: LogEntry) =>
    new Promise<void>((confirm, refuse) => {
      waiting.push({ entry, confirm, refuse });
    });
  return { waiting, append };
}

test('rows go in entries of whole rows, in order, none of them much above half a megabyte', async () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(lengths, async (sizes) => {
      const lines = sizes.map((size, n) => `${String(n % 10).repeat(size)}\n`);
      const entries: LogEntry[] = [];
      const append = (entry: LogEntry) => {
        entries.push(entry);
        return Promise.resolve();
      };
      await writeLines({ append }, 'listens', lines);
      expect(entries.map(text).join('')).toBe(lines.join(''));
      for (const entry of entries) {
        expect(entry.table).toBe('listens');
        expect(text(entry).split('\n')).toHaveLength(entry.rows + 1);
        expect(entry.body.byteLength).toBeLessThan(512 * 1024 + 300_001);
      }
    }),
    { numRuns: 30 },
  );
});

test('a request is done when all of its entries are confirmed, and not before', async () => {
  const log = logByHand();
  const lines = Array.from({ length: 4 }, () => `${'x'.repeat(300_000)}\n`);
  let isDone = false;
  const written = writeLines(log, 'listens', lines).then(() => (isDone = true));
  expect(log.waiting.map(({ entry }) => entry.rows)).toEqual([2, 2]);
  log.waiting[1]!.confirm();
  await new Promise((resolve) => setImmediate(resolve));
  expect(isDone).toBe(false);
  log.waiting[0]!.confirm();
  await written;
});

test('one entry that is refused refuses the request', async () => {
  const log = logByHand();
  const lines = Array.from({ length: 4 }, () => `${'x'.repeat(300_000)}\n`);
  const written = writeLines(log, 'listens', lines);
  log.waiting[0]!.confirm();
  log.waiting[1]!.refuse(new Error('away'));
  await expect(written).rejects.toThrow('away');
});
