import type { FastifyReply } from 'fastify';

/** An error as RFC 9457 has it. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;

  /** @param detail - one line: what was expected, what came */
  constructor(status: number, title: string, detail: string) {
    super(detail);
    this.status = status;
    this.title = title;
  }
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({ title: problem.title, status: problem.status, detail: problem.message });
}

export const unauthorized = (detail: string) => new Problem(401, 'Unauthorized', detail);
export const forbidden = (detail: string) => new Problem(403, 'Forbidden', detail);
export const notFound = (detail: string) => new Problem(404, 'Not found', detail);
