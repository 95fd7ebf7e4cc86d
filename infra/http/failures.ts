import { STATUS_CODES } from 'node:http';
import type { FastifyReply, HTTPMethods } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { Mistake } from '../../model/mistake.ts';
import { Unavailable } from '../../pipelines/delivery/ports.ts';
import type { Log } from '../../pipelines/ports.ts';
import { notFound, Problem, sendProblem } from './problem.ts';
import type { App } from './app.ts';

/** Answers every failure as RFC 9457 has it; what is not the client's fault is logged. */
export function answerFailures(app: App, log: Log): void {
  app.setErrorHandler((error: Error, _request, reply) => {
    const problem = problemOf(error);
    if (problem === undefined) {
      log.error({ err: error }, 'request failed');
      const internal = new Problem(500, 'Internal error', 'see the log of the service');
      return sendProblem(reply, internal);
    }
    if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
    return sendProblem(reply, problem);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, notFound(`no ${request.method} ${request.url}`)),
  );
}

/** What the router refuses before there is a route: a malformed URL, a part that is too long. */
export function answerMalformedUrl(error: Error, reply: FastifyReply): void {
  const status = (error as { statusCode?: number }).statusCode ?? 400;
  const detail =
    status === 414
      ? `expected parts of the path of at most ${maxPartLength} characters, got a longer one`
      : 'expected a URL with escapes such as %20, got one that cannot be read';
  sendProblem(reply, new Problem(status, titleOf(status), detail));
}

/** Characters of a part of the path, as the router takes it. */
export const maxPartLength = 300;

const methods: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Answers 405 to the methods that a path does not have. To be called before routes are added. */
export function refuseOtherMethods(app: App): { finish(): void } {
  const allowed = new Map<string, HTTPMethods[]>();
  app.addHook('onRoute', ({ url, method }) => {
    allowed.set(url, (allowed.get(url) ?? []).concat(method));
  });
  return {
    finish() {
      for (const [url, known] of [...allowed]) {
        app.route({
          url,
          method: methods.filter((method) => !known.includes(method)),
          schema: { hide: true },
          handler: (request, reply) => {
            void reply.header('allow', known.join(', '));
            const detail = `${request.url}: expected ${known.join(' or ')}, got ${request.method}`;
            return sendProblem(reply, new Problem(405, titleOf(405), detail));
          },
        });
      }
    },
  };
}

/** The problem that the client made or can wait for; undefined for one of ours. */
function problemOf(error: Error): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof Mistake) return problemOfMistake(error);
  if (error instanceof Unavailable) return new Problem(503, titleOf(503), error.message);
  if (hasZodFastifySchemaValidationErrors(error)) {
    const [first] = error.validation;
    const place = first!.instancePath.replace(/^\//, '') || error.validationContext;
    return new Problem(400, titleOf(400), `${place}: ${first!.message}`);
  }
  const status = (error as { statusCode?: number }).statusCode;
  if (status === undefined || status >= 500) return undefined;
  return new Problem(status, titleOf(status), error.message);
}

function problemOfMistake({ code, message }: Mistake): Problem | undefined {
  switch (code) {
    case 'UNKNOWN_WEEK':
    case 'UNKNOWN_LISTENER':
      return notFound(message);
    case 'USAGE':
    case 'UNKNOWN_REGION':
    case 'UNKNOWN_ZONE':
      return new Problem(400, titleOf(400), message);
    case 'SERVER_DOWN':
      return new Problem(503, titleOf(503), message);
    default:
      return undefined;
  }
}

/** `Bad request`: the status in words. */
function titleOf(status: number): string {
  const words = STATUS_CODES[status] ?? 'Error';
  return words.charAt(0) + words.slice(1).toLowerCase();
}
