import swagger from '@fastify/swagger';
import { fastify } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { App } from '../../infra/http/app.ts';
import { addEventRoutes } from '../../infra/http/events.ts';
import { answerFailures } from '../../infra/http/failures.ts';
import { addListenRoutes } from '../../infra/http/listens.ts';
import type { ListenReader } from '../../infra/http/listens-read.ts';
import type { RateLimits, Standing } from '../../infra/http/rate-limit.ts';
import type { PlayingNow } from '../../infra/playing-now.ts';
import { openTokens, type Bearer } from '../../infra/tokens.ts';
import type { LogEntry } from '../../pipelines/intake/log.ts';
import { silentLog } from './servers.ts';

const scheme = { type: 'http', scheme: 'bearer' } as const;
const securitySchemes = { bearer: scheme, token: scheme };

/** The routes of listens and events alone, on a log in memory, for what a server has no part in. */
export interface IntakeApi {
  readonly app: App;
  /** Rows that were appended, in order. */
  readonly rows: { table: string; row: Record<string, unknown> }[];
  /** What the log does instead of taking an entry, where it is set. */
  refuse: (() => Promise<void>) | undefined;
  /** How every client stands. */
  standing: Standing;
  readonly counted: unknown[];
  now: number;
  token(bearer: Bearer): Promise<string>;
}

export async function openIntakeApi(
  reader: Partial<ListenReader> = {},
  arePublic = false,
): Promise<IntakeApi> {
  const app = fastify().withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', components: { securitySchemes } },
    transform: jsonSchemaTransform,
  });
  answerFailures(app, silentLog);
  const playing = new Map<string, Parameters<PlayingNow['put']>[1]>();
  const limits: RateLimits = {
    take(client) {
      api.counted.push(client);
      return Promise.resolve(api.standing);
    },
  };
  const tokens = openTokens(new Uint8Array(32).fill(7), () => api.now);
  const append = ({ table, body }: LogEntry) => {
    if (api.refuse !== undefined) return api.refuse();
    for (const line of Buffer.from(body).toString().trimEnd().split('\n')) {
      api.rows.push({ table, row: JSON.parse(line) as Record<string, unknown> });
    }
    return Promise.resolve();
  };
  const api: IntakeApi = {
    app,
    rows: [],
    refuse: undefined,
    standing: { isAllowed: true, limit: 50, remaining: 49, resetAt: 0 },
    counted: [],
    now: Date.UTC(2026, 10, 16, 7, 30),
    token: (bearer) => tokens.issue(bearer, 1),
  };
  const routes = {
    tokens,
    clock: () => api.now,
    log: silentLog,
    events: { append },
    playingNow: {
      put: (listener: string, listen: Parameters<PlayingNow['put']>[1]) => {
        playing.set(listener, listen);
        return Promise.resolve();
      },
      get: (listener: string) => Promise.resolve(playing.get(listener)),
    },
    reader: {
      totals: () => Promise.resolve({ count: 0, latestS: undefined, oldestS: undefined }),
      listens: () => Promise.resolve([]),
      recording: () => Promise.resolve(undefined),
      opinions: () => Promise.resolve({ total: 0, opinions: [] }),
      dispose: () => Promise.resolve(),
      ...reader,
    },
    limits,
    arePublic,
  };
  await addListenRoutes(app, routes);
  await addEventRoutes(app, routes);
  await app.ready();
  return api;
}
