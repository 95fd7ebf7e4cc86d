import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { json } from './answers.ts';

/** What the routes of ListenBrainz have in common, for the OpenAPI document and in their answers. */
const refusal = z.object({ code: z.int(), error: z.string() }).loose();
export const refusals = {
  400: json('Refused; the error says why.', refusal),
  401: json('No token, or none of this service that is valid.', refusal),
  429: json('Too many requests; Retry-After says when to come again.', refusal),
  503: json('A server that this one needs is away; try again.', refusal),
} as const;
export const unknownUser = { 404: json('No listens are known of the user.', refusal) } as const;
export const accepted = z.object({ status: z.literal('ok') });
export const user = z.object({ name: z.string().min(1).max(200) });
export const security = [{ token: [] }];
export const tags = ['listens'];

export function sendJson(reply: FastifyReply, answer: object): FastifyReply {
  return sendText(reply, JSON.stringify(answer));
}

export function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').serializer(asText).send(text);
}

const asText = (text: string): string => text;
