import { Readable } from 'node:stream';
import { z } from 'zod';
import type { RegionQuery } from '../../model/regions.ts';
import type { MissingList } from '../../pipelines/delivery/missing.ts';
import { whyNotKinds, type WeekStatus } from '../../pipelines/delivery/status.ts';
import type { ListStory } from '../../pipelines/delivery/story.ts';
import type { Tokens } from '../tokens.ts';
import { json, problems, weekKey } from './answers.ts';
import { mayOperate } from './bearer.ts';
import type { App } from './app.ts';

export interface OperationsRoutes {
  readonly tokens: Tokens;
  /**
   * @param week - undefined: the newest that has lists
   * @param region - undefined: all zones
   */
  readonly status: (
    week: string | undefined,
    region: RegionQuery | undefined,
  ) => Promise<WeekStatus>;
  /** Whoever has no list of the week, and why. */
  readonly missing: (
    week: string | undefined,
    region: RegionQuery | undefined,
  ) => Promise<AsyncIterable<MissingList>>;
  /** All that is known of a listener's list. */
  readonly story: (user: string, week: string | undefined) => Promise<ListStory>;
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
  by00: z.int().describe('Had their list before Monday 00:00 there.'),
  by06: z.int().describe('Had their list before Monday 06:00 there.'),
  now: z.int().describe('Have one now, of whatever revision.'),
  late: z.int(),
  failed: z.int(),
  missing: z.int(),
};
const why = z.array(
  z.object({ why: z.enum(whyNotKinds), reason: z.string().optional(), lists: z.int() }),
);
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
      order: z.string().optional(),
      publishAt: z.iso.datetime().describe('When its lists are due at the queue.'),
      validFrom: z.iso.datetime().describe('Monday 00:00 there.'),
      ...counts,
      why,
    }),
  ),
  why,
  notMade: z.record(z.string(), z.int()).describe('Listeners without a list, by reason.'),
});
const missingFields = {
  order: z.string().optional(),
  batch: z.int().optional(),
  why: z.enum(whyNotKinds),
  reason: z.string().optional(),
};
const instant = z.iso.datetime().optional();
const storyAnswer = z.object({
  user: z.string(),
  week: z.string(),
  zone: z.string().optional(),
  dueAt: instant,
  state: z.enum(['stored', 'not in the ledger', 'lost', 'missing', 'not made']),
  onTime: z.boolean().optional(),
  model: z.string().optional(),
  revision: z.int().optional(),
  storedAt: instant,
  cover: z.enum(['picture', 'generated']).optional(),
  orders: z.array(
    z.object({
      order: z.string(),
      revision: z.int(),
      batch: z.int(),
      publishedAt: instant,
      deliveredAt: z.iso.datetime(),
    }),
  ),
  missing: z.object(missingFields).optional(),
});
const redeliveryAnswer = z.object({
  week: z.string(),
  orders: z.array(z.object({ id: z.string(), zone: z.string(), listeners: z.int() })),
});
const security = [{ bearer: [] }];
const tags = ['operations'];

const region = {
  region: z.string().optional(),
  country: z.string().optional(),
  zone: z.string().optional(),
  group: z.string().optional(),
};
const oneRegion = 'At most one of region, country, zone, group.';

export function addOperationsRoutes(
  app: App,
  { tokens, status, missing, story, redeliver }: OperationsRoutes,
): void {
  app.get(
    '/v1/status',
    {
      schema: {
        operationId: 'status',
        summary: 'Who had their list by 00:00, by 06:00 and now, by region and zone, and why not',
        tags,
        security,
        querystring: z.object({ week, ...region }).describe(oneRegion),
        response: { 200: json('By region and by zone.', statusAnswer), ...problems },
      },
    },
    async (request, reply) => {
      await mayOperate(request, tokens);
      const { week: asked, ...where } = request.query;
      return reply.send(mutable(await status(asked, regionOf(where))));
    },
  );

  app.get(
    '/v1/status/missing',
    {
      schema: {
        operationId: 'missing',
        summary: 'Who has no list of the week, and why: a line of JSON each, by zone and user',
        tags,
        security,
        querystring: z
          .object({ week, ...region, limit: z.coerce.number().int().positive().optional() })
          .describe(oneRegion),
        response: {
          200: {
            description: 'One JSON object a line: user, week, zone, order, batch, why, reason.',
            content: { 'application/x-ndjson': { schema: z.string() } },
          },
          ...problems,
        },
      },
    },
    async (request, reply) => {
      await mayOperate(request, tokens);
      const { week: asked, limit = Infinity, ...where } = request.query;
      const lines = linesOf(await missing(asked, regionOf(where)), limit);
      return reply.type('application/x-ndjson').send(Readable.from(lines) as never);
    },
  );

  app.get(
    '/v1/status/listeners/:user',
    {
      schema: {
        operationId: 'story',
        summary: "The whole story of one listener's list: orders, batch, times, model, revision",
        tags,
        security,
        params: z.object({ user: z.string().min(1) }),
        querystring: z.object({ week }),
        response: { 200: json('What is known.', storyAnswer), ...problems },
      },
    },
    async (request, reply) => {
      await mayOperate(request, tokens);
      const found = await story(request.params.user, request.query.week);
      return reply.send({ ...found, orders: [...found.orders] });
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
          .strictObject({ ...region, week })
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
  return {
    ...status,
    regions: [...status.regions],
    zones: status.zones.map((zone) => ({ ...zone, why: [...zone.why] })),
    why: [...status.why],
  };
}

/** Undefined where none is named. */
function regionOf(query: RegionQuery): RegionQuery | undefined {
  return Object.values(query).some((value) => value !== undefined) ? query : undefined;
}

async function* linesOf(missing: AsyncIterable<MissingList>, limit: number): AsyncIterable<string> {
  let count = 0;
  for await (const list of missing) {
    yield `${JSON.stringify(list)}\n`;
    if (++count >= limit) return;
  }
}
