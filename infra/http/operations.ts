import { z } from 'zod';
import type { RegionQuery } from '../../model/regions.ts';
import type { WeekStatus } from '../../pipelines/delivery/status.ts';
import type { Tokens } from '../tokens.ts';
import { json, problems, weekKey } from './answers.ts';
import { mayOperate } from './bearer.ts';
import type { App } from './app.ts';

export interface OperationsRoutes {
  readonly tokens: Tokens;
  /** @param week - undefined: the newest that has lists */
  readonly status: (week: string | undefined) => Promise<WeekStatus>;
  /** Orders the lists of a region again; resolves when the orders are placed. */
  readonly redeliver: (
    region: RegionQuery,
    week: string | undefined,
  ) => Promise<{ week: string; orders: { id: string; zone: string; listeners: number }[] }>;
}

const week = weekKey.optional();
const counts = {
  listeners: z.int(),
  due: z.int(),
  delivered: z.int(),
  late: z.int(),
  failed: z.int(),
  missing: z.int(),
};
const statusAnswer = z.object({
  week: z.string(),
  total: z.object(counts),
  regions: z.array(z.object({ region: z.string(), ...counts })),
  zones: z.array(
    z.object({
      zone: z.string(),
      region: z.string(),
      revision: z.int(),
      backfill: z.boolean(),
      ...counts,
    }),
  ),
});
const redeliveryAnswer = z.object({
  week: z.string(),
  orders: z.array(z.object({ id: z.string(), zone: z.string(), listeners: z.int() })),
});
const security = [{ bearer: [] }];
const tags = ['operations'];

export function addOperationsRoutes(
  app: App,
  { tokens, status, redeliver }: OperationsRoutes,
): void {
  app.get(
    '/v1/status',
    {
      schema: {
        operationId: 'status',
        summary: 'How far the delivery of a week is, by region and zone',
        tags,
        security,
        querystring: z.object({ week }),
        response: { 200: json('By region and by zone.', statusAnswer), ...problems },
      },
    },
    async (request, reply) => {
      await mayOperate(request, tokens);
      return reply.send(mutable(await status(request.query.week)));
    },
  );

  app.post(
    '/v1/redeliveries',
    {
      schema: {
        operationId: 'redeliver',
        summary: 'Delivers the lists of a region, country, zone or group again',
        tags,
        security,
        body: z
          .strictObject({
            region: z.string().optional(),
            country: z.string().optional(),
            zone: z.string().optional(),
            group: z.string().optional(),
            week,
          })
          .describe('Exactly one of region, country, zone, group.'),
        response: {
          202: json('The orders that were placed.', redeliveryAnswer),
          ...problems,
        },
      },
    },
    async (request, reply) => {
      await mayOperate(request, tokens);
      const { week: asked, ...region } = request.body;
      return reply.code(202).send(await redeliver(region, asked));
    },
  );
}

function mutable(status: WeekStatus): z.infer<typeof statusAnswer> {
  return { ...status, regions: [...status.regions], zones: [...status.zones] };
}
