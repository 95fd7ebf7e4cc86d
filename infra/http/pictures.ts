import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../../pipelines/ports.ts';
import { RefusedPicture, uploadLimits } from '../pictures/clean.ts';
import { readPicture } from '../pictures/kept.ts';
import type { Upload, Uploads } from '../pictures/uploads.ts';
import type { Tokens } from '../tokens.ts';
import type { App } from './app.ts';
import { etagOf, json, matches, problem, problems, unchanged } from './answers.ts';
import { mayRead } from './bearer.ts';
import { notFound, Problem } from './problem.ts';
import { admit, countedProblems } from './rate-limit-hook.ts';
import type { RateLimits } from './rate-limit.ts';

export interface PictureRoutes {
  readonly pictures: {
    readonly uploads: Pick<Uploads, 'put' | 'find' | 'remove'>;
    /** Where pictures are kept by their hash. */
    readonly folder: string;
  };
  readonly tokens: Tokens;
  readonly clock: Clock;
  /** Counted together with listens and other events. */
  readonly limits: RateLimits;
}

const pictureTypes = ['image/jpeg', 'image/png', 'image/webp'] as const;

const pictureAnswer = z
  .object({
    user: z.string(),
    /** Names what is kept of the picture: first 32 hexadecimal digits of its SHA-256. */
    hash: z.string(),
    /** Pixels of what is kept. */
    width: z.int(),
    height: z.int(),
    uploadedAt: z.iso.datetime(),
  })
  .meta({ id: 'Picture' });

const userParameter = z.object({ id: z.string().min(1).max(200) });
const security = [{ bearer: [] }];
const tags = ['listeners'];
const path = '/v1/users/:id/picture';
const image = {
  description: 'The picture, as it is kept.',
  content: { 'image/jpeg': { schema: z.string().meta({ format: 'binary' }) } },
};
const answers = { ...problems, ...countedProblems } as const;
const tooMuch = {
  413: problem('The file has too many bytes, or the picture too many pixels.'),
  415: problem('The file is no JPEG, PNG or WebP.'),
  422: problem('The picture is broken or too small.'),
};

/** A listener's own picture: the covers of lists that are delivered from then on show it. */
export function addPictureRoutes(app: App, routes: PictureRoutes): void {
  const { pictures, tokens } = routes;
  const { uploads, folder } = pictures;
  const noPicture = (user: string) => notFound(`listener "${user}" has uploaded no picture`);

  // All of it before the body is read: nobody else makes us take megabytes, and nobody too often.
  const onRequest = async (
    request: FastifyRequest<{ Params: { id: string } }>,
    reply: FastifyReply,
  ) => {
    await admit(request, reply, routes);
    await mayRead(request, tokens, request.params.id);
  };

  // Other paths take no such body: their schemas refuse it.
  app.addContentTypeParser([...pictureTypes], { parseAs: 'buffer' }, (_request, body, parsed) =>
    parsed(null, body),
  );
  app.put<{ Params: { id: string } }>(
    path,
    {
      bodyLimit: uploadLimits.maxBytes,
      onRequest,
      schema: {
        operationId: 'putPicture',
        summary: `Takes a picture in place of the one before: JPEG, PNG or WebP of up to ${uploadLimits.maxBytes / 1048576} MiB and ${uploadLimits.maxPixels / 1e6} megapixels`,
        tags,
        security,
        consumes: [...pictureTypes],
        params: userParameter,
        response: { 200: json('What is kept of it.', pictureAnswer), ...answers, ...tooMuch },
      },
    },
    async (request) => {
      const { id } = request.params;
      if (!Buffer.isBuffer(request.body) || request.body.length === 0) {
        throw new Problem(400, 'Bad request', 'expected a picture as the body, got none');
      }
      try {
        return answerOf(id, await uploads.put(id, request.body));
      } catch (error) {
        if (!(error instanceof RefusedPicture)) throw error;
        throw new Problem(error.status, titles[error.status], error.message);
      }
    },
  );

  app.get<{ Params: { id: string } }>(
    path,
    {
      onRequest,
      schema: {
        operationId: 'picture',
        summary: 'The picture that the listener uploaded',
        tags,
        security,
        params: userParameter,
        response: { 200: image, 304: unchanged, ...answers },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const upload = await uploads.find(id);
      const bytes = upload && (await readPicture(folder, upload.hash));
      if (bytes === undefined) throw noPicture(id);
      const etag = etagOf(bytes);
      void reply.header('etag', etag).header('cache-control', 'private, no-cache');
      if (matches(request.headers['if-none-match'], etag)) return sendNothing(reply, 304);
      return sendPicture(reply, bytes);
    },
  );

  app.delete<{ Params: { id: string } }>(
    path,
    {
      onRequest,
      schema: {
        operationId: 'deletePicture',
        summary: 'Deletes the picture that the listener uploaded, and the covers drawn from it',
        tags,
        security,
        params: userParameter,
        response: { 204: z.null().describe('It is gone.'), ...answers },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      if (!(await uploads.remove(id))) throw noPicture(id);
      return sendNothing(reply, 204);
    },
  );
}

function sendNothing(reply: FastifyReply, status: 204 | 304): FastifyReply {
  return reply.code(status).send();
}

function sendPicture(reply: FastifyReply, bytes: Buffer): FastifyReply {
  return reply.type('image/jpeg').send(bytes);
}

const titles = {
  413: 'Payload too large',
  415: 'Unsupported media type',
  422: 'Unprocessable entity',
} as const;

function answerOf(user: string, { hash, width, height, uploadedAt }: Upload) {
  return { user, hash, width, height, uploadedAt: uploadedAt.toISOString() };
}
