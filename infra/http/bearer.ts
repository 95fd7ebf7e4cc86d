import type { FastifyRequest } from 'fastify';
import type { Bearer, Tokens } from '../tokens.ts';
import { forbidden, unauthorized } from './problem.ts';

/**
 * Who asks.
 *
 * @throws Problem 401 without a valid token
 */
export async function bearerOf(request: FastifyRequest, tokens: Tokens): Promise<Bearer> {
  const header = request.headers.authorization;
  const token = /^Bearer ([\w.~+/=-]+)$/i.exec(header ?? '')?.[1];
  if (token === undefined) {
    throw unauthorized(
      `expected the header "Authorization: Bearer <token>", got ${header === undefined ? 'none' : 'something else'}`,
    );
  }
  const bearer = await tokens.verify(token);
  if (bearer === undefined) {
    throw unauthorized('expected a token of this service that has not expired, got another');
  }
  return bearer;
}

/**
 * Lets a listener read their own lists, and operations those of all.
 *
 * @throws Problem 401, 403
 */
export async function mayRead(
  request: FastifyRequest,
  tokens: Tokens,
  user: string,
): Promise<void> {
  const bearer = await bearerOf(request, tokens);
  if (bearer.scope === 'listener' && bearer.user !== user) {
    throw forbidden("a listener's token reads that listener's lists only");
  }
}

/**
 * Lets a listener say things of their own, and operations in the name of all.
 *
 * @throws Problem 401, 403
 */
export async function mayWrite(
  request: FastifyRequest,
  tokens: Tokens,
  user: string,
): Promise<void> {
  const bearer = await bearerOf(request, tokens);
  if (bearer.scope === 'listener' && bearer.user !== user) {
    throw forbidden("a listener's token speaks for that listener only");
  }
}

/** @throws Problem 401, 403 */
export async function mayOperate(request: FastifyRequest, tokens: Tokens): Promise<void> {
  const bearer = await bearerOf(request, tokens);
  if (bearer.scope !== 'operations') throw forbidden('expected a token with the operations scope');
}
