import { expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { openRateLimits, type Standing } from '../../infra/http/rate-limit.ts';

/** Redis is away here: what all processes share is tried in the integration tests. */
const away = () => new Redis({ lazyConnect: true, enableOfflineQueue: false });

function limitsOf(perToken: number) {
  return openRateLimits({
    redis: away(),
    namespace: 'none',
    limits: { perToken, perAddress: 3, windowS: 60 },
    clock: () => Date.now(),
  });
}

const allowed = (standings: readonly Standing[]) =>
  standings.filter(({ isAllowed }) => isAllowed).length;

test('without Redis a process counts by itself: as many as the limit, and not one more', async () => {
  const limits = limitsOf(5);
  const standings: Standing[] = [];
  for (let n = 0; n < 7; n++) standings.push(await limits.take({ token: 'ana' }));
  expect(standings.map(({ isAllowed, remaining }) => [isAllowed, remaining])).toEqual([
    ...[4, 3, 2, 1, 0].map((left) => [true, left]),
    [false, 0],
    [false, 0],
  ]);
  for (const { limit, resetAt } of standings) {
    expect(limit).toBe(5);
    expect(resetAt).toBeGreaterThan(Date.now());
    expect(resetAt).toBeLessThanOrEqual(Date.now() + 60_000);
  }
});

test('each token and each address has a limit of its own', async () => {
  const limits = limitsOf(2);
  for (const client of [{ token: 'a' }, { token: 'b' }]) {
    expect(allowed([await limits.take(client), await limits.take(client)])).toBe(2);
    expect((await limits.take(client)).isAllowed).toBe(false);
  }
  const address = { address: 'a' };
  const standings = [];
  for (let n = 0; n < 4; n++) standings.push(await limits.take(address));
  expect(allowed(standings)).toBe(3);
});

test('a large limit is handed out in portions, also to those who come at the same time', async () => {
  for (const limit of [1000, 999, 250]) {
    const limits = limitsOf(limit);
    const crowd = await Promise.all(
      Array.from({ length: limit + 50 }, () => limits.take({ token: 'ana' })),
    );
    expect(allowed(crowd)).toBe(limit);
    const remaining = crowd.map((one) => one.remaining);
    expect(Math.max(...remaining)).toBe(limit - 1);
    expect(Math.min(...remaining)).toBe(0);
  }
});
