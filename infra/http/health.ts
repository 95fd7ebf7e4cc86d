import { z } from 'zod';
import type { Metrics } from '../metrics.ts';
import { json } from './answers.ts';
import type { App } from './app.ts';

export interface HealthRoutes {
  /** Asks each server for a sign of life; rejects where there is none. */
  readonly checks: Readonly<Record<string, () => Promise<unknown>>>;
  readonly metrics: Metrics;
}

const healthAnswer = z.object({
  status: z.enum(['ok', 'failing']),
  servers: z.record(z.string(), z.string()),
});

const about = {
  operationId: 'health',
  summary: 'Whether the servers behind this one give a sign of life',
  tags: ['operations'],
};
const works = json('All do.', healthAnswer);
const fails = json('One does not.', healthAnswer);

/** `/health` for load balancers, `/metrics` for Prometheus. */
export function addHealthRoutes(app: App, { checks, metrics }: HealthRoutes): void {
  const { registry } = metrics;
  app.addHook('onResponse', (request, reply, done) => {
    metrics.request(
      {
        method: request.method,
        route: request.routeOptions.url ?? 'unknown',
        status: reply.statusCode,
      },
      reply.elapsedTime / 1000,
    );
    done();
  });

  app.get(
    '/health',
    { schema: { ...about, response: { 200: works, 503: fails } } },
    async (_request, reply) => {
      const names = Object.keys(checks);
      const results = await Promise.allSettled(names.map((name) => checks[name]!()));
      const servers = Object.fromEntries(
        results.map((result, n) => [
          names[n]!,
          result.status === 'fulfilled' ? 'ok' : String((result.reason as Error).message),
        ]),
      );
      const failing = results.some(({ status }) => status === 'rejected');
      return reply.code(failing ? 503 : 200).send({ status: failing ? 'failing' : 'ok', servers });
    },
  );
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    const text = await registry.metrics();
    return reply.type(registry.contentType).serializer(String).send(text);
  });
}
