import { z } from 'zod';
import type { Tokens } from '../tokens.ts';
import { json, problems } from './answers.ts';
import type { App } from './app.ts';
import { mayWrite } from './bearer.ts';

export interface ErasureRoutes {
  readonly tokens: Tokens;
  /** Records that a listener is to be erased, and begins with it; resolves once it is recorded. */
  readonly erase: (listener: string) => Promise<{ readonly hash: string; readonly at: string }>;
}

const erasing = z.object({
  hash: z.string().describe("SHA-256 of the listener's id: all that is kept of it."),
  at: z.iso.datetime().describe('What the listener did before is removed, and does not come back.'),
});

/** `DELETE /v1/users/{id}`: the listener, or operations, has every trace of them removed. */
export function addErasureRoutes(app: App, { tokens, erase }: ErasureRoutes): void {
  app.delete(
    '/v1/users/:id',
    {
      schema: {
        operationId: 'eraseUser',
        summary: 'Removes every trace of the listener',
        tags: ['listeners'],
        security: [{ bearer: [] }],
        params: z.object({ id: z.string().min(1).max(200) }),
        response: {
          202: json('Recorded; it is carried out whatever happens.', erasing),
          ...problems,
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await mayWrite(request, tokens, id);
      const { hash, at } = await erase(id);
      return reply.code(202).send({ hash, at });
    },
  );
}
