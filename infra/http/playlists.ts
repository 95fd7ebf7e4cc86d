import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { toJspf } from '../../model/jspf.ts';
import type { PlaylistDocument } from '../../pipelines/lists.ts';
import type { Clock } from '../../pipelines/ports.ts';
import type { CachedAnswer, ListCache } from '../list-cache.ts';
import type { Tokens } from '../tokens.ts';
import {
  archiveEntry,
  archiveEntryOf,
  etagOf,
  hrefOf,
  json,
  matches,
  playlistAnswer,
  playlistAnswerOf,
  problems,
  unchanged,
  type PlaylistAnswer,
  weekKey,
} from './answers.ts';
import { mayRead } from './bearer.ts';
import { notFound } from './problem.ts';
import type { App } from './app.ts';

/** Reads stored lists; only those whose Monday has come, as of `now`, unless said otherwise. */
export interface PlaylistReader {
  /** The newest list whose Monday has come. */
  current(user: string, now: number): Promise<PlaylistDocument | undefined>;
  /** When the next stored list becomes the current one. */
  nextValidFrom(user: string, now: number): Promise<number | undefined>;
  ofWeek(user: string, week: string, now: number): Promise<PlaylistDocument | undefined>;
  /** The newest first. */
  archive(
    user: string,
    now: number,
    limit: number,
  ): Promise<Pick<PlaylistDocument, 'user' | 'week' | 'zone' | 'validFrom' | 'revision'>[]>;
}

export interface CoverReader {
  /** JPEG bytes of the cover with a key, made on first request; undefined for what is not a key. */
  image(key: string): Promise<Uint8Array | undefined>;
}

export interface PlaylistRoutes {
  readonly playlists: PlaylistReader;
  readonly covers: CoverReader;
  readonly cache: ListCache;
  readonly tokens: Tokens;
  readonly clock: Clock;
}

const jspfType = 'application/jspf+json';
/** See model/jspf.ts. */
const jspfAnswer = z.looseObject({
  playlist: z.looseObject({ title: z.string(), track: z.array(z.looseObject({})) }),
});

const userParameter = z.object({ id: z.string().min(1).max(200) });
const weekParameters = userParameter.extend({
  week: weekKey,
});
const format = z.object({ format: z.enum(['json', 'jspf']).optional() });
const archiveAnswer = z.object({ user: z.string(), playlists: z.array(archiveEntry) });
const listAnswer = {
  description: 'The list, with week, zone and validity. JSPF where it is asked for.',
  content: {
    'application/json': { schema: playlistAnswer },
    [jspfType]: { schema: jspfAnswer },
  },
};
const coverAnswer = {
  description: 'The image.',
  content: { 'image/jpeg': { schema: z.string().meta({ format: 'binary' }) } },
};
const security = [{ bearer: [] }];
const tags = ['playlists'];

export function addPlaylistRoutes(app: App, routes: PlaylistRoutes): void {
  const { playlists, covers, cache, tokens, clock } = routes;

  async function currentAnswer(user: string): Promise<CachedAnswer> {
    const now = clock();
    const { answer, generation } = await cache.get(user, now);
    if (answer !== undefined) return answer;
    const document = await playlists.current(user, now);
    if (document === undefined) throw notFound(`no list is stored for listener "${user}"`);
    const body = JSON.stringify(playlistAnswerOf(document));
    const until = (await playlists.nextValidFrom(user, now)) ?? Infinity;
    const made = { etag: etagOf(body), body, until: Math.min(until, now + 86_400_000) };
    await cache.put(user, generation, made);
    return made;
  }

  async function listOf(user: string, week: string): Promise<PlaylistDocument> {
    const document = await playlists.ofWeek(user, week, clock());
    if (document === undefined) {
      throw notFound(
        `no list of week ${week} is stored for listener "${user}", or its Monday is yet to come`,
      );
    }
    return document;
  }

  app.get(
    '/v1/users/:id/playlists/current',
    {
      schema: {
        operationId: 'currentPlaylist',
        summary: "The listener's list of this week, or the newest before it",
        tags,
        security,
        params: userParameter,
        querystring: format,
        response: { 200: listAnswer, 304: unchanged, ...problems },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await mayRead(request, tokens, id);
      return sendList(request, reply, await currentAnswer(id), request.query.format);
    },
  );

  app.get(
    '/v1/users/:id/playlists/:week',
    {
      schema: {
        operationId: 'playlistOfWeek',
        summary: "The listener's list of a week",
        tags,
        security,
        params: weekParameters,
        querystring: format,
        response: { 200: listAnswer, 304: unchanged, ...problems },
      },
    },
    async (request, reply) => {
      const { id, week } = request.params;
      await mayRead(request, tokens, id);
      const body = JSON.stringify(playlistAnswerOf(await listOf(id, week)));
      return sendList(request, reply, { body, etag: etagOf(body) }, request.query.format);
    },
  );

  app.get(
    '/v1/users/:id/playlists',
    {
      schema: {
        operationId: 'playlists',
        summary: "The listener's lists, the newest first",
        tags,
        security,
        params: userParameter,
        querystring: z.object({ limit: z.coerce.number().int().min(1).max(520).default(52) }),
        response: {
          200: json('The archive.', archiveAnswer),
          ...problems,
        },
      },
    },
    async (request) => {
      const { id } = request.params;
      await mayRead(request, tokens, id);
      const found = await playlists.archive(id, clock(), request.query.limit);
      if (found.length === 0) throw notFound(`no list is stored for listener "${id}"`);
      return { user: id, playlists: found.map(archiveEntryOf) };
    },
  );

  app.get(
    '/v1/users/:id/playlists/:week/cover',
    {
      schema: {
        operationId: 'cover',
        summary: 'The cover of a list, JPEG, 640 x 640',
        tags,
        security,
        params: weekParameters,
        response: { 200: coverAnswer, 304: unchanged, ...problems },
      },
    },
    async (request, reply) => {
      const { id, week } = request.params;
      await mayRead(request, tokens, id);
      const document = await listOf(id, week);
      const etag = `"${document.cover}"`;
      void reply.header('etag', etag).header('cache-control', 'private, max-age=3600');
      if (matches(request.headers['if-none-match'], etag)) return sendUnchanged(reply);
      const image = await covers.image(document.cover);
      if (image === undefined) throw notFound(`no cover has the key "${document.cover}"`);
      return sendImage(reply, image);
    },
  );
}

/** As JSON or JSPF, whichever is asked for by `format` or, without it, by `Accept`. */
function sendList(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Pick<CachedAnswer, 'body' | 'etag'>,
  asked: 'json' | 'jspf' | undefined,
): FastifyReply {
  const wantsJspf =
    (asked ?? (request.headers.accept?.includes(jspfType) ? 'jspf' : 'json')) === 'jspf';
  const etag = wantsJspf ? `${answer.etag.slice(0, -1)}-jspf"` : answer.etag;
  void reply
    .header('etag', etag)
    .header('cache-control', 'private, no-cache')
    .header('vary', 'accept, authorization');
  if (matches(request.headers['if-none-match'], etag)) return sendUnchanged(reply);
  void reply.serializer((body: string) => body);
  if (!wantsJspf) return reply.type('application/json').send(answer.body);
  const list = JSON.parse(answer.body) as PlaylistAnswer;
  void reply.header('link', `<${hrefOf(list.user, list.week)}>; rel="alternate"`);
  return reply.type(jspfType).send(JSON.stringify(toJspf(list)));
}

function sendUnchanged(reply: FastifyReply): FastifyReply {
  return reply.code(304).send();
}

function sendImage(reply: FastifyReply, image: Uint8Array): FastifyReply {
  return reply.type('image/jpeg').send(Buffer.from(image));
}
