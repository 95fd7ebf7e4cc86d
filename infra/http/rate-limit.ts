import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Clock } from '../../pipelines/ports.ts';
import { Recent } from '../recent.ts';

/** How many requests a client may make. */
export interface RateLimitOptions {
  /** Requests with a valid token in a window, 1 or more. */
  readonly perToken: number;
  /** Requests from an address without a valid token in a window, 1 or more. */
  readonly perAddress: number;
  /** Seconds, 1 or more. A window begins with the first request in it. */
  readonly windowS: number;
}

/** How a client stands after a request. */
export interface Standing {
  readonly isAllowed: boolean;
  /** Requests in a window. */
  readonly limit: number;
  /** Requests that are left in this window, never negative. */
  readonly remaining: number;
  /** When this window ends: milliseconds since 1970. */
  readonly resetAt: number;
}

export interface RateLimits {
  /** Counts a request. */
  take(client: Client): Promise<Standing>;
}

export type Client = { readonly token: string } | { readonly address: string };

export interface RateLimiting {
  /** One that fails where there is no connection, rather than to wait for it. */
  readonly redis: Redis;
  readonly namespace: string;
  readonly limits: RateLimitOptions;
  readonly clock: Clock;
}

/**
 * Counts the requests of all processes together in Redis; where it is away, each process counts for
 * itself in memory.
 *
 * Large limits are taken from Redis in portions of a hundredth, which a process hands out by
 * itself: so a fast client does not cost a question to Redis for each request, and several
 * processes together leave at most a hundredth each of a limit unused.
 */
export function openRateLimits({ redis, namespace, limits, clock }: RateLimiting): RateLimits {
  const { perToken, perAddress, windowS } = limits;
  const lane = (name: string, points: number) =>
    portions(
      new RateLimiterRedis({
        storeClient: redis,
        points,
        duration: windowS,
        keyPrefix: `${namespace}:rate-limit:${name}`,
        rejectIfRedisNotReady: true,
        insuranceLimiter: new RateLimiterMemory({ points, duration: windowS }),
      }),
      points,
      clock,
    );
  const tokens = lane('token', perToken);
  const addresses = lane('address', perAddress);
  return {
    take: (client) => ('token' in client ? tokens(client.token) : addresses(client.address)),
  };
}

/** What a process may hand out by itself. */
interface Portion {
  left: number;
  /** What is left in Redis beside it. */
  readonly beside: number;
  readonly resetAt: number;
}

/** Clients whose portions are remembered; who is forgotten loses what was left of theirs. */
const maxClients = 100_000;

function portions(
  limiter: RateLimiterRedis,
  limit: number,
  clock: Clock,
): (key: string) => Promise<Standing> {
  const size = Math.max(1, Math.floor(limit / 100));
  const held = new Recent<Portion>(maxClients);
  const asked = new Map<string, Promise<Portion>>();

  async function fetch(key: string): Promise<Portion> {
    const result = await limiter.consume(key, size).catch((refused: unknown) => {
      if (refused instanceof RateLimiterRes) return refused;
      throw refused;
    });
    const over = Math.max(0, result.consumedPoints - limit);
    const portion = {
      left: Math.max(0, size - over),
      beside: Math.max(0, limit - result.consumedPoints),
      resetAt: clock() + result.msBeforeNext,
    };
    held.set(key, portion, portion.resetAt);
    return portion;
  }

  return async (key) => {
    for (;;) {
      let portion = held.get(key, clock());
      const isSpent = portion !== undefined && portion.left === 0;
      if (portion === undefined || (isSpent && portion.beside > 0)) {
        // Those who come at the same time ask once.
        let asking = asked.get(key);
        if (asking === undefined) {
          asking = fetch(key).finally(() => asked.delete(key));
          asked.set(key, asking);
        }
        portion = await asking;
      }
      const { beside, resetAt } = portion;
      if (portion.left > 0) {
        portion.left--;
        return { isAllowed: true, limit, remaining: portion.left + beside, resetAt };
      }
      if (beside === 0) return { isAllowed: false, limit, remaining: 0, resetAt };
    }
  };
}
