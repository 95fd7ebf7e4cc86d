import type { FastifyReply } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { Mistake } from '../../model/mistake.ts';
import { Unavailable } from '../../pipelines/delivery/ports.ts';
import type { Log } from '../../pipelines/ports.ts';
import type { App } from './app.ts';

/** An answer as ListenBrainz gives it where it refuses: `{"code": 400, "error": "…"}`. */
export class Refusal extends Error {
  readonly code: number;
  /** What the listen said that is refused; ListenBrainz repeats its keys in the answer. */
  readonly listen: object | undefined;
  /** After how many seconds to try again. */
  readonly retryAfterS: number | undefined;

  constructor(code: number, message: string, more: { listen?: object; retryAfterS?: number } = {}) {
    super(message);
    this.code = code;
    this.listen = more.listen;
    this.retryAfterS = more.retryAfterS;
  }
}

/** Seconds after which a client shall try again where a server is away. */
export const retryAfterS = 5;

/** Answers every failure below this scope as ListenBrainz does; our own faults are logged. */
export function answerRefusals(app: App, log: Log, tooLarge: string): void {
  app.setErrorHandler((error: Error, _request, reply) => {
    const refusal = refusalOf(error, tooLarge);
    if (refusal !== undefined) return sendRefusal(reply, refusal);
    log.error({ err: error }, 'request failed');
    return sendRefusal(reply, new Refusal(500, 'Something went wrong. Please try again.'));
  });
}

function sendRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { code, retryAfterS } = refusal;
  if (retryAfterS !== undefined) void reply.header('retry-after', retryAfterS);
  return reply.code(code).type('application/json; charset=utf-8').send(bodyOf(refusal));
}

function bodyOf({ code, message: error, listen }: Refusal): string {
  try {
    return JSON.stringify({ ...listen, code, error });
  } catch (cause) {
    // A listen may be nested more deeply than can be written again.
    if (!(cause instanceof RangeError)) throw cause;
    return JSON.stringify({ code, error });
  }
}

/** Undefined for a fault of ours. */
function refusalOf(error: Error, tooLarge: string): Refusal | undefined {
  if (error instanceof Refusal) return error;
  const isAway =
    error instanceof Unavailable ||
    (error instanceof Mistake && (error.code === 'SERVER_DOWN' || error.code === 'LOCKED'));
  if (isAway) return new Refusal(503, error.message, { retryAfterS });
  if (hasZodFastifySchemaValidationErrors(error)) {
    const [first] = error.validation;
    const place = first!.instancePath.replace(/^\//, '') || error.validationContext;
    return new Refusal(400, `${place}: ${first!.message}`);
  }
  const { statusCode } = error as { statusCode?: number };
  if (statusCode === 413) return new Refusal(400, tooLarge);
  if (statusCode !== undefined && statusCode < 500) return new Refusal(statusCode, error.message);
  return undefined;
}
