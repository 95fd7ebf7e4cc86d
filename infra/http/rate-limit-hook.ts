import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../pipelines/ports.ts';
import type { Bearer, Tokens } from '../tokens.ts';
import { problem } from './answers.ts';
import { bearerOf } from './bearer.ts';
import { Problem } from './problem.ts';
import type { RateLimits } from './rate-limit.ts';

/** What a client that asks too often is told, as ListenBrainz does. */
export const tooOften =
  'You have exceeded your rate limit. See the X-RateLimit-* response headers for more information on your current rate limit.';

/**
 * Counts a request: for a listener, whichever token of theirs it has; for operations; or, without a
 * valid token, for the address that it comes from. Tells in headers how the client stands.
 *
 * @returns whether it may go on; if not, `Retry-After` is set and the rest is the caller's
 */
export async function countRequest(
  request: FastifyRequest,
  reply: FastifyReply,
  bearer: Bearer | undefined,
  { limits, clock }: { readonly limits: RateLimits; readonly clock: Clock },
): Promise<boolean> {
  const { isAllowed, limit, remaining, resetAt } = await limits.take(
    bearer === undefined
      ? { address: request.ip }
      : { token: bearer.scope === 'listener' ? `listener:${bearer.user}` : 'operations' },
  );
  const resetInS = Math.max(0, Math.ceil((resetAt - clock()) / 1000));
  void reply.headers({
    'x-ratelimit-limit': limit,
    'x-ratelimit-remaining': remaining,
    'x-ratelimit-reset-in': resetInS,
    'x-ratelimit-reset': Math.ceil(resetAt / 1000),
  });
  if (!isAllowed) void reply.header('retry-after', Math.max(1, resetInS));
  return isAllowed;
}

/** What a counted route may answer beside its own, for the OpenAPI document. */
export const countedProblems = {
  429: problem('Too many requests; Retry-After says when to come again.'),
} as const;

/**
 * `countRequest` of a route that tells problems. A token that is not valid is not refused yet: what
 * it asks counts for its address.
 *
 * @throws Problem 429
 */
export async function admit(
  request: FastifyRequest,
  reply: FastifyReply,
  routes: { readonly tokens: Tokens; readonly limits: RateLimits; readonly clock: Clock },
): Promise<void> {
  const bearer = await bearerOf(request, routes.tokens).catch(() => undefined);
  if (!(await countRequest(request, reply, bearer, routes))) {
    throw new Problem(429, 'Too many requests', tooOften);
  }
}
