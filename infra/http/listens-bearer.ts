import type { FastifyRequest } from 'fastify';
import type { Bearer, Tokens } from '../tokens.ts';
import { Refusal } from './listens-errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks, where the token is valid; set for the routes of ListenBrainz. */
    bearer: Bearer | undefined;
  }
}

const authorization = /^\S+ (\S*)/;

/** Undefined without a valid token. As ListenBrainz, whatever the word before the token is. */
export async function bearerOf(
  request: FastifyRequest,
  tokens: Tokens,
): Promise<Bearer | undefined> {
  const token = authorization.exec(request.headers.authorization ?? '')?.[1];
  return token ? tokens.verify(token) : undefined;
}

/** @throws Refusal 401 */
function bearerIn({ headers, bearer }: FastifyRequest): Bearer {
  if (bearer !== undefined) return bearer;
  const header = headers.authorization;
  if (!header) throw new Refusal(401, 'You need to provide an Authorization header.');
  throw new Refusal(
    401,
    header.includes(' ')
      ? 'Invalid authorization token.'
      : 'Provided Authorization header is invalid.',
  );
}

/** @throws Refusal 401 without a listener's token */
export function listenerOf(request: FastifyRequest): string {
  const bearer = bearerIn(request);
  if (bearer.scope === 'listener') return bearer.user;
  throw new Refusal(
    401,
    "Invalid authorization token. Expected a listener's, got one of operations.",
  );
}

/** @throws Refusal 401, 403 */
export function mayRead(request: FastifyRequest, name: string, arePublic: boolean): void {
  if (arePublic) return;
  const bearer = bearerIn(request);
  if (bearer.scope === 'operations' || bearer.user === name) return;
  throw new Refusal(403, "A listener's token reads that listener's listens only.");
}
