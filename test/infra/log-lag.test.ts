import { expect, test } from '@jest/globals';
import { readLogLag } from '../../infra/log-lag.ts';
import { entry, listen, plantedReader } from '../support/intake.ts';

const entries = [0, 1, 2, 3].map((n) => entry(n, 'listens', [listen(n)]));
const now = entries[0]!.arrivedMs + 60_000;
const { signal } = new AbortController();
const lagOf = (held: number | undefined) => readLogLag(plantedReader(entries), held, now, signal);

test('the lag is what the log has from the oldest entry on that the lake has not', async () => {
  expect(await lagOf(undefined)).toEqual({ entries: 3, seconds: 60 });
  expect(await lagOf(1)).toEqual({ entries: 1, seconds: 60 });
  expect(await lagOf(3)).toEqual({ entries: 0, seconds: 0 });
});

test('a log that is shorter than what the lake holds of it has no lag: it is another one', async () => {
  await expect(lagOf(7)).rejects.toMatchObject({
    code: 'SOURCE_MISSING',
    message: expect.stringContaining('expected entry 7, which the lake holds, got a log that ends'),
  });
});
