import swagger from '@fastify/swagger';
import { fastify, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type {
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import { Mistake } from '../../model/mistake.ts';
import { Unavailable } from '../../pipelines/delivery/ports.ts';
import type { Log } from '../../pipelines/ports.ts';
import { addHealthRoutes, type HealthRoutes } from './health.ts';
import { addOperationsRoutes, type OperationsRoutes } from './operations.ts';
import { addPlaylistRoutes, type PlaylistRoutes } from './playlists.ts';
import { notFound, Problem, sendProblem } from './problem.ts';

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export type Api = PlaylistRoutes & OperationsRoutes & HealthRoutes & { readonly log: Log };

/** The HTTP API, not yet listening; its OpenAPI document is at `/openapi.json`. */
export async function buildApi(api: Api): Promise<App> {
  const app = fastify({
    logger: false,
    routerOptions: { maxParamLength: 300 },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Mondaymix',
        description:
          'Every Monday morning, in their own time zone, every listener finds 30 tracks.',
        version: '1',
      },
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withoutInputs(jsonSchemaTransformObject(document)),
  });

  app.setErrorHandler((error: Error, _request, reply) => {
    if (error instanceof Problem) {
      if (error.status === 401) void reply.header('www-authenticate', 'Bearer');
      return sendProblem(reply, error);
    }
    if (hasZodFastifySchemaValidationErrors(error)) {
      const [first] = error.validation;
      const place = first!.instancePath.replace(/^\//, '');
      return sendProblem(reply, new Problem(400, 'Bad request', `${place}: ${first!.message}`));
    }
    const asked = error instanceof Mistake ? problemOf(error) : undefined;
    if (asked !== undefined) return sendProblem(reply, asked);
    if (error instanceof Unavailable) {
      return sendProblem(reply, new Problem(503, 'Service unavailable', error.message));
    }
    const status = (error as { statusCode?: number }).statusCode;
    if (status !== undefined && status < 500) {
      return sendProblem(reply, new Problem(status, 'Bad request', error.message));
    }
    api.log.error({ err: error }, 'request failed');
    return sendProblem(reply, new Problem(500, 'Internal error', 'see the log of the service'));
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, new Problem(404, 'Not found', `no ${request.method} ${request.url}`)),
  );

  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  addHealthRoutes(app, api);
  addPlaylistRoutes(app, api);
  addOperationsRoutes(app, api);
  return app;
}

/** The problem that a mistake of the client's is; undefined for those of the operator's. */
function problemOf({ code, message }: Mistake): Problem | undefined {
  switch (code) {
    case 'UNKNOWN_WEEK':
    case 'UNKNOWN_LISTENER':
      return notFound(message);
    case 'USAGE':
    case 'UNKNOWN_REGION':
    case 'UNKNOWN_ZONE':
      return new Problem(400, 'Bad request', message);
    case 'SERVER_DOWN':
      return new Problem(503, 'Service unavailable', message);
    default:
      return undefined;
  }
}

type Document = ReturnType<typeof jsonSchemaTransformObject>;

/** Each named schema comes twice, as what is read and as what is answered; ours are answers. */
function withoutInputs(document: Document): Document {
  if (!('components' in document) || document.components?.schemas === undefined) return document;
  const { schemas } = document.components;
  for (const name of Object.keys(schemas)) if (name.endsWith('Input')) delete schemas[name];
  return document;
}
