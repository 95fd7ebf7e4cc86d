import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Mistake } from '../../model/mistake.ts';
import type { EventLog } from '../../pipelines/intake/log.ts';
import type { Clock, Log } from '../../pipelines/ports.ts';
import type { PlayingNow } from '../playing-now.ts';
import type { Tokens } from '../tokens.ts';
import { json } from './answers.ts';
import type { App } from './app.ts';
import { writeLines } from './events-write.ts';
import {
  accepted,
  refusals,
  security,
  sendJson,
  sendText,
  tags,
  unknownUser,
  user,
} from './listens-answers.ts';
import { bearerOf, listenerOf, mayRead } from './listens-bearer.ts';
import { listenLimits, type CheckedListen } from './listens-check.ts';
import { answerRefusals, Refusal, retryAfterS } from './listens-errors.ts';
import { earliestS, latestS, type ListenReader } from './listens-read.ts';
import { lineOf, listenAnswerOf, playingNowAnswerOf } from './listens-row.ts';
import { readSubmission, tooLarge } from './listens-submission.ts';
import { boundWaiting, busy } from './listens-waiting.ts';
import { countRequest, tooOften } from './rate-limit-hook.ts';
import type { RateLimits } from './rate-limit.ts';
import { addRecordingFeedback } from './recording-feedback.ts';

export interface ListenRoutes {
  readonly tokens: Tokens;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: Pick<EventLog, 'append'>;
  readonly playingNow: PlayingNow;
  readonly reader: ListenReader;
  readonly limits: RateLimits;
  /** Whether everybody reads the listens of all, as on ListenBrainz; else a listener their own. */
  readonly arePublic: boolean;
}

/** Requests of this many bytes together may be under way. */
const maxWaitingBytes = 96 * 1024 * 1024;
/** A row that is longer is one message of the broker by itself, and is not taken. */
const maxLineLength = 1024 * 1024;

const listenSchema = z.object({
  listened_at: z.int().describe('Seconds since 1970; not with playing_now.').optional(),
  track_metadata: z.object({
    artist_name: z.string(),
    track_name: z.string(),
    release_name: z.string().optional(),
    additional_info: z.record(z.string(), z.unknown()).optional(),
  }),
});
const submission = z.object({
  listen_type: z.enum(['single', 'playing_now', 'import']),
  payload: z.array(listenSchema).min(1).max(listenLimits.listensPerRequest),
});
const validity = z.object({
  code: z.literal(200),
  message: z.string(),
  valid: z.boolean(),
  user_name: z.string().optional(),
});
const read = z.object({
  inserted_at: z.int().optional(),
  listened_at: z.int().optional(),
  playing_now: z.boolean().optional(),
  recording_msid: z.string().optional(),
  user_name: z.string(),
  track_metadata: z.record(z.string(), z.unknown()),
});
const listens = z.object({
  payload: z.object({
    count: z.int(),
    user_id: z.string(),
    latest_listen_ts: z.int().describe('0 without listens.').optional(),
    oldest_listen_ts: z.int().describe('0 without listens.').optional(),
    playing_now: z.boolean().optional(),
    listens: z.array(read),
  }),
});
const listenCount = z.object({ payload: z.object({ count: z.int() }) });
/** The part of ListenBrainz's API by which listens come and are read back, under `/1`. */
export async function addListenRoutes(parent: App, routes: ListenRoutes): Promise<void> {
  await parent.register((scope, _options, done) => {
    addRoutes(scope, routes);
    done();
  });
}

function addRoutes(app: App, routes: ListenRoutes): void {
  const { tokens, clock, log, events, playingNow, reader, arePublic } = routes;
  const waiting = boundWaiting(maxWaitingBytes, listenLimits.requestBytes);
  answerRefusals(app, log, tooLarge);
  // Clients send no content type, or a wrong one: the body is JSON whatever it is called.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.decorateRequest('bearer', undefined);
  app.addHook('onRequest', async (request, reply) => {
    request.bearer = await bearerOf(request, tokens);
    // Who has no token is refused below, before their body is read: it takes no room.
    if (request.bearer !== undefined) waiting.enter(request, reply.raw);
    void reply.header('access-control-allow-origin', '*');
    if (!(await countRequest(request, reply, request.bearer, routes))) {
      throw new Refusal(429, tooOften);
    }
    if (request.method === 'POST') listenerOf(request);
  });

  /** Not an async function, so that nothing but the entries is held while the broker takes them. */
  function submit(request: FastifyRequest): Promise<void> {
    const listener = listenerOf(request);
    const body: unknown = request.body;
    request.body = undefined;
    const bytes = body instanceof Uint8Array ? body : new Uint8Array();
    const { type, listens } = readSubmission(bytes, Math.floor(clock() / 1000));
    if (type !== 'playing_now') return writeLines(events, 'listens', linesOf(listens, listener));
    return playingNow.put(listener, listens[0]!).catch((error: Error) => {
      log.warn({ error: error.message }, 'what is playing is not written down');
      throw new Refusal(503, 'Cannot record playing_now at this time.', { retryAfterS });
    });
  }

  app.post(
    '/1/submit-listens',
    {
      bodyLimit: listenLimits.requestBytes,
      schema: {
        operationId: 'submitListens',
        summary:
          'Takes listens, as ListenBrainz does; answered once they are written down for good',
        tags,
        security,
        body: submission,
        response: { 200: json('Accepted.', accepted), ...refusals },
      },
      // The body is checked by hand: there may be a thousand listens in it.
      validatorCompiler: () => (value) => ({ value: value as unknown }),
    },
    async (request, reply) => {
      try {
        await submit(request);
      } catch (cause) {
        if (!(cause instanceof Mistake)) throw cause;
        throw busy();
      }
      return sendText(reply, '{"status":"ok"}');
    },
  );

  app.get(
    '/1/validate-token',
    {
      schema: {
        operationId: 'validateToken',
        summary: "Whether a token is a listener's, and whose",
        tags,
        security,
        querystring: z.object({ token: z.string().optional() }),
        response: { 200: json('Valid or not.', validity), ...refusals },
      },
    },
    async (request, reply) => {
      const header = request.headers.authorization;
      const token = /^token /i.test(header ?? '') ? header!.split(' ')[1] : request.query.token;
      if (!token) throw new Refusal(400, 'You need to provide an Authorization token.');
      const bearer = await tokens.verify(token);
      const answer: z.infer<typeof validity> =
        bearer?.scope === 'listener'
          ? { code: 200, message: 'Token valid.', valid: true, user_name: bearer.user }
          : { code: 200, message: 'Token invalid.', valid: false };
      return reply.send(answer);
    },
  );

  app.get(
    '/1/user/:name/listens',
    {
      schema: {
        operationId: 'listens',
        summary: 'Listens, the newest first',
        description:
          'Listens before `max_ts` and after `min_ts` (seconds since 1970, themselves excluded). With `min_ts` the oldest of them.',
        tags,
        security,
        params: user,
        querystring: z.object({
          max_ts: z.string().describe('Seconds since 1970.').optional(),
          min_ts: z.string().describe('Seconds since 1970.').optional(),
          count: z.string().describe('25 by default, 1,000 at most.').optional(),
        }),
        response: { 200: json('Listens.', listens), ...refusals, ...unknownUser },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      mayRead(request, name, arePublic);
      const window = windowOf(request.query);
      const { count, latestS, oldestS } = await totalsOf(request, name);
      const rows = count === 0 ? [] : await reader.listens(name, window);
      return sendJson(reply, {
        payload: {
          count: rows.length,
          latest_listen_ts: latestS ?? 0,
          listens: rows.map((row) => listenAnswerOf(row, name)),
          oldest_listen_ts: oldestS ?? 0,
          user_id: name,
        },
      });
    },
  );

  app.get(
    '/1/user/:name/listen-count',
    {
      schema: {
        operationId: 'listenCount',
        summary: 'How many listens there are',
        tags,
        security,
        params: user,
        response: { 200: json('The number.', listenCount), ...refusals, ...unknownUser },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      mayRead(request, name, arePublic);
      const { count } = await totalsOf(request, name);
      return sendJson(reply, { payload: { count } });
    },
  );

  app.get(
    '/1/user/:name/playing-now',
    {
      schema: {
        operationId: 'playingNow',
        summary: 'What is playing, if anything is',
        tags,
        security,
        params: user,
        response: { 200: json('At most one listen.', listens), ...refusals, ...unknownUser },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      mayRead(request, name, arePublic);
      const playing = await playingNow.get(name).catch((error: Error) => {
        throw new Refusal(503, `Cannot fetch playing_now at this time: ${error.message}`, {
          retryAfterS,
        });
      });
      const found = playing === undefined ? [] : [playingNowAnswerOf(playing, name)];
      return sendJson(reply, {
        payload: { count: found.length, listens: found, playing_now: true, user_id: name },
      });
    },
  );

  addRecordingFeedback(app, { ...routes, totalsOf });

  /** @throws Refusal 404 where nothing is known of the listener, unless they ask themselves */
  async function totalsOf(request: FastifyRequest, name: string) {
    const totals = await reader.totals(name);
    const { bearer } = request;
    const asksThemselves = bearer?.scope === 'listener' && bearer.user === name;
    if (totals.count > 0 || asksThemselves) return totals;
    throw new Refusal(404, `Cannot find user: ${name}`);
  }
}

/** @throws Refusal 400 for a listen of more than a broker takes in one message with others */
function linesOf(listens: readonly CheckedListen[], listener: string): string[] {
  const quoted = JSON.stringify(listener);
  return listens.map((listen) => {
    const line = lineOf(listen, quoted);
    if (line.length <= maxLineLength) return line;
    throw new Refusal(
      400,
      `JSON document is too large. Each listens may not be larger than ${listenLimits.listenBytes} bytes.`,
    );
  });
}

interface WindowQuery {
  readonly max_ts?: string | undefined;
  readonly min_ts?: string | undefined;
  readonly count?: string | undefined;
}

/** @throws Refusal 400 with ListenBrainz's messages */
function windowOf(query: WindowQuery) {
  const [maxS, minS] = (['max_ts', 'min_ts'] as const).map((name) => {
    const text = query[name];
    const seconds = text === undefined ? undefined : wholeNumber(text);
    if (
      text === undefined ||
      (seconds !== undefined && seconds >= earliestS && seconds <= latestS)
    ) {
      return seconds;
    }
    throw new Refusal(400, `Incorrect ${name} timestamp argument: ${text}`);
  });
  if (maxS !== undefined && minS !== undefined && maxS <= minS) {
    throw new Refusal(400, 'max_ts should be greater than min_ts');
  }
  const count = query.count ? wholeNumber(query.count) : 25;
  if (count === undefined) throw new Refusal(400, `Invalid count argument: ${query.count}`);
  if (count < 0) throw new Refusal(400, 'Number of items requested should be positive');
  return { maxS, minS, count: Math.min(count, 1000) };
}

function wholeNumber(text: string): number | undefined {
  return /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : undefined;
}
