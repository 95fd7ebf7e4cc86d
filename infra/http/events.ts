import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Mistake } from '../../model/mistake.ts';
import type { EventLog, LoggedTable } from '../../pipelines/intake/log.ts';
import type { Clock } from '../../pipelines/ports.ts';
import type { Tokens } from '../tokens.ts';
import { json, problems } from './answers.ts';
import type { App } from './app.ts';
import { bearerOf, mayOperate, mayWrite } from './bearer.ts';
import {
  blockRow,
  exclusionRow,
  feedbackRow,
  lineOfRow,
  playlistChangeRow,
  profileRow,
  recordingRow,
  saveRow,
  searchRow,
  type Row,
  type Said,
} from './events-rows.ts';
import {
  blockEvent,
  exclusionEvent,
  feedbackEvent,
  oneOrMany,
  playlistChangeEvent,
  profile,
  recording,
  saveEvent,
  searchEvent,
} from './events-schema.ts';
import { writeLines } from './events-write.ts';
import { retryAfterS } from './listens-errors.ts';
import { Problem } from './problem.ts';
import { admit, countedProblems } from './rate-limit-hook.ts';
import type { RateLimits } from './rate-limit.ts';

export interface EventRoutes {
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly events: Pick<EventLog, 'append'>;
  readonly limits: RateLimits;
}

const userParameter = z.object({ id: z.string().min(1).max(200) });
const acceptedAnswer = z.object({
  accepted: z.int().describe('Events that are written down for good.'),
});
const answers = {
  202: json('Written down for good; it shows in the lake within seconds.', acceptedAnswer),
  ...problems,
  ...countedProblems,
} as const;
const security = [{ bearer: [] }];
const tags = ['events'];
/** Bytes of a request. */
const bodyLimit = 4 * 1024 * 1024;

/**
 * What listeners say and do besides listening, and what the catalogue gains. An event that is sent
 * again with the same `at` counts once.
 */
export async function addEventRoutes(parent: App, routes: EventRoutes): Promise<void> {
  await parent.register((scope, _options, done) => {
    const app = scope as App;
    app.addHook('onRequest', async (request, reply) => {
      await admit(request, reply, routes);
      // The token is read before the body is: nobody else makes us take megabytes.
      await bearerOf(request, routes.tokens);
    });
    addEvents(app, routes, 'feedback', feedbackEvent, feedbackRow, {
      table: 'feedback',
      summary: 'Love, hate, neither, or a skip',
    });
    addEvents(app, routes, 'blocks', blockEvent, blockRow, {
      table: 'blocks',
      summary: 'Not to recommend an artist, album or track, for good or until a time',
    });
    addEvents(app, routes, 'exclusions', exclusionEvent, exclusionRow, {
      table: 'exclusions',
      summary: 'Listens that are not the listener’s taste, by client and time',
    });
    addEvents(app, routes, 'searches', searchEvent, searchRow, {
      table: 'searches',
      summary: 'What was searched for',
    });
    addEvents(app, routes, 'saves', saveEvent, saveRow, {
      table: 'saves',
      summary: 'What was put into the listener’s collection, or taken out',
    });
    addEvents(app, routes, 'playlist-changes', playlistChangeEvent, playlistChangeRow, {
      table: 'playlist_changes',
      summary: 'The listener’s own playlists as they are made, renamed, changed and deleted',
    });
    addProfile(app, routes);
    addRecordings(app, routes);
    done();
  });
}

/** `POST /v1/users/{id}/…`: one event, or a list of up to 1,000. */
function addEvents<Event extends z.ZodType>(
  app: App,
  routes: EventRoutes,
  path: string,
  event: Event,
  rowOf: (event: z.infer<Event>, by: Said) => Row,
  { table, summary }: { table: LoggedTable; summary: string },
): void {
  const { tokens, clock } = routes;
  app.post(
    `/v1/users/:id/${path}`,
    {
      bodyLimit,
      schema: {
        operationId: `add-${path}`,
        summary,
        tags,
        security,
        params: userParameter,
        body: oneOrMany(event),
        response: answers,
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await mayWrite(request, tokens, id);
      const by = { listener: id, now: clock() };
      const given = request.body as z.infer<Event> | z.infer<Event>[];
      const events = Array.isArray(given) ? given : [given];
      return accept(
        routes,
        reply,
        table,
        events.map((one) => rowOf(one, by)),
      );
    },
  );
}

function addProfile(app: App, routes: EventRoutes): void {
  const { tokens, clock } = routes;
  app.put(
    '/v1/users/:id/profile',
    {
      schema: {
        operationId: 'putProfile',
        summary:
          'Who the listener is: zone, country, language, picture; what is left out is unknown',
        tags,
        security,
        params: userParameter,
        body: profile,
        response: answers,
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await mayWrite(request, tokens, id);
      const row = profileRow(request.body, { listener: id, now: clock() });
      return accept(routes, reply, 'profiles', [row]);
    },
  );
}

function addRecordings(app: App, routes: EventRoutes): void {
  const { tokens, clock } = routes;
  app.post(
    '/v1/catalogue/recordings',
    {
      bodyLimit,
      schema: {
        operationId: 'addRecordings',
        summary: 'Tracks, with their albums and artists, as the catalogue gains them',
        tags,
        security,
        body: oneOrMany(recording),
        response: answers,
      },
    },
    async (request, reply) => {
      await mayOperate(request, tokens);
      const given = Array.isArray(request.body) ? request.body : [request.body];
      const now = clock();
      return accept(
        routes,
        reply,
        'recordings',
        given.map((one) => recordingRow(one, now)),
      );
    },
  );
}

/** @throws Problem 503 where the rows cannot be written down */
async function accept(
  { events }: EventRoutes,
  reply: FastifyReply,
  table: LoggedTable,
  rows: readonly Row[],
) {
  try {
    await writeLines(events, table, rows.map(lineOfRow));
  } catch (cause) {
    if (!(cause instanceof Mistake)) throw cause;
    void reply.header('retry-after', retryAfterS);
    throw new Problem(503, 'Service unavailable', 'the log cannot be reached; try again');
  }
  return reply.code(202).send({ accepted: rows.length });
}
