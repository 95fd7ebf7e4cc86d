import swagger from '@fastify/swagger';
import { fastify } from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { Log } from '../../pipelines/ports.ts';
import type { App } from './app.ts';
import {
  answerFailures,
  answerMalformedUrl,
  maxPartLength,
  refuseOtherMethods,
} from './failures.ts';
import { addErasureRoutes, type ErasureRoutes } from './erasure.ts';
import { addEventRoutes, type EventRoutes } from './events.ts';
import { addHealthRoutes, type HealthRoutes } from './health.ts';
import { addListenRoutes, type ListenRoutes } from './listens.ts';
import { addOperationsRoutes, type OperationsRoutes } from './operations.ts';
import { addPictureRoutes, type PictureRoutes } from './pictures.ts';
import { addPlaylistRoutes, type PlaylistRoutes } from './playlists.ts';

export type Api = PlaylistRoutes &
  Omit<PictureRoutes, 'limits'> &
  OperationsRoutes &
  HealthRoutes &
  Partial<Pick<ErasureRoutes, 'erase'>> & { readonly log: Log; readonly intake: Intake };

/** What listens and other events arrive by, and are read back by. */
export type Intake = Omit<ListenRoutes & EventRoutes, 'tokens' | 'clock' | 'log'>;

/** Whoever sends a request more slowly than that is cut off: what it holds others need. */
const requestMs = 120_000;

/** The HTTP API, not yet listening; its OpenAPI document is at `/openapi.json`. */
export async function buildApi(api: Api): Promise<App> {
  const app = fastify({
    logger: false,
    requestTimeout: requestMs,
    routerOptions: { maxParamLength: maxPartLength },
    frameworkErrors: (error, _request, reply) => answerMalformedUrl(error, reply),
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
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          token: {
            type: 'apiKey',
            in: 'header',
            name: 'Authorization',
            description: 'As ListenBrainz has it: "Token" and a listener\'s token.',
          },
        },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withoutInputs(jsonSchemaTransformObject(document)),
  });

  answerFailures(app, api.log);
  const otherMethods = refuseOtherMethods(app);
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  addHealthRoutes(app, api);
  addPlaylistRoutes(app, api);
  addPictureRoutes(app, { ...api, limits: api.intake.limits });
  addOperationsRoutes(app, api);
  if (api.erase !== undefined) addErasureRoutes(app, { ...api, erase: api.erase });
  await addListenRoutes(app, { ...api, ...api.intake });
  await addEventRoutes(app, { ...api, ...api.intake });
  otherMethods.finish();
  return app;
}

type Document = ReturnType<typeof jsonSchemaTransformObject>;

/** Each named schema comes twice, as what is read and as what is answered; ours are answers. */
function withoutInputs(document: Document): Document {
  if (!('components' in document) || document.components?.schemas === undefined) return document;
  const { schemas } = document.components;
  for (const name of Object.keys(schemas)) if (name.endsWith('Input')) delete schemas[name];
  return document;
}
