import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { toJspf } from '../../model/jspf.ts';
import type { ListedTrack } from '../../pipelines/lists.ts';
import type { Clock } from '../../pipelines/ports.ts';
import { variantTag } from '../covers.ts';
import {
  coverFormats,
  coverSides,
  type CoverFormat,
  type CoverSide,
  type CoverVariant,
} from '../covers/draw.ts';
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
import { preferredType } from './accept.ts';
import { mayRead } from './bearer.ts';
import { notFound } from './problem.ts';
import type { App } from './app.ts';

/** A stored list with the names of its tracks. */
export interface NamedPlaylist {
  readonly user: string;
  readonly week: string;
  readonly zone: string;
  readonly validFrom: Date;
  readonly revision: number;
  readonly model: string;
  readonly tracks: readonly ListedTrack[];
}

/**
 * Reads stored lists; only those whose Monday has come, as of `now`, unless said otherwise. Rejects
 * with `Unavailable` where the names of a list cannot be had.
 */
export interface PlaylistReader {
  /**
   * The newest list whose Monday has come, and until when at least it is: the Monday of the next
   * list that is stored, or a day from now.
   */
  current(user: string, now: number): Promise<{ list: NamedPlaylist; until: number } | undefined>;
  ofWeek(user: string, week: string, now: number): Promise<NamedPlaylist | undefined>;
  /** Key of the list's cover. */
  cover(user: string, week: string, now: number): Promise<string | undefined>;
  /** The newest first. */
  archive(
    user: string,
    now: number,
    limit: number,
  ): Promise<Pick<NamedPlaylist, 'user' | 'week' | 'zone' | 'validFrom' | 'revision'>[]>;
}

export interface CoverReader {
  /** The cover with a key, made on first request; undefined for what is not a key. */
  image(key: string, variant: CoverVariant): Promise<Uint8Array | undefined>;
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
const binary = { schema: z.string().meta({ format: 'binary' }) };
const coverAnswer = {
  description: 'The image: WebP where `Accept` wants it more than JPEG, or `format` says so.',
  content: { 'image/jpeg': binary, 'image/webp': binary },
};
const coverQuery = z.object({
  size: z
    .enum(['160', '320', '640'] as const satisfies readonly `${CoverSide}`[])
    .default('640')
    .meta({ description: 'Pixels on a side.' }),
  format: z.enum(coverFormats).optional(),
});
const security = [{ bearer: [] }];
const tags = ['playlists'];

export function addPlaylistRoutes(app: App, routes: PlaylistRoutes): void {
  const { playlists, covers, cache, tokens, clock } = routes;

  async function currentAnswer(user: string): Promise<Answer> {
    const now = clock();
    // Where the cache is away MongoDB is asked.
    const { answer, lease } = await cache.get(user, now).catch(() => nothingCached);
    if (answer !== undefined) return answer;
    const found = await playlists.current(user, now);
    if (found === undefined) throw notFound(`no list is stored for listener "${user}"`);
    const made = { ...answerOf(found.list), until: Math.min(found.until, now + 86_400_000) };
    // Nobody waits for it; what is not kept is looked up again.
    if (lease !== undefined) cache.put(user, lease, made).catch(() => undefined);
    return made;
  }

  const noSuchList = (user: string, week: string) =>
    notFound(
      `no list of week ${week} is stored for listener "${user}", or its Monday is yet to come`,
    );

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
      const list = await playlists.ofWeek(id, week, clock());
      if (list === undefined) throw noSuchList(id, week);
      return sendList(request, reply, answerOf(list), request.query.format);
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
        summary: `The cover of a list, JPEG or WebP, ${coverSides.join(', ')} pixels on a side`,
        tags,
        security,
        params: weekParameters,
        querystring: coverQuery,
        response: { 200: coverAnswer, 304: unchanged, ...problems },
      },
    },
    async (request, reply) => {
      const { id, week } = request.params;
      await mayRead(request, tokens, id);
      const key = await playlists.cover(id, week, clock());
      if (key === undefined) throw noSuchList(id, week);
      const format =
        request.query.format ??
        (preferredType(request.headers.accept, ['image/jpeg', 'image/webp']) === 'image/webp'
          ? 'webp'
          : 'jpeg');
      const variant = { side: Number(request.query.size) as CoverSide, format };
      const etag = `"${key}-${variantTag(variant)}"`;
      void reply
        .header('etag', etag)
        .header('cache-control', 'private, max-age=3600')
        .header('vary', 'accept, authorization');
      if (matches(request.headers['if-none-match'], etag)) return sendUnchanged(reply);
      const image = await covers.image(key, variant);
      if (image === undefined) throw notFound(`no cover has the key "${key}"`);
      return sendImage(reply, format, image);
    },
  );
}

const nothingCached: { readonly answer?: undefined; readonly lease?: undefined } = {};

type Answer = Pick<CachedAnswer, 'body' | 'etag'>;

function answerOf(list: NamedPlaylist): Answer {
  const body = JSON.stringify(playlistAnswerOf(list));
  return { body, etag: etagOf(body) };
}

/** As JSON or JSPF, whichever is asked for by `format` or, without it, by `Accept`. */
function sendList(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Answer,
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
  const list = JSON.parse(answer.body.toString()) as PlaylistAnswer;
  void reply.header('link', `<${hrefOf(list.user, list.week)}>; rel="alternate"`);
  return reply.type(jspfType).send(JSON.stringify(toJspf(list)));
}

function sendUnchanged(reply: FastifyReply): FastifyReply {
  return reply.code(304).send();
}

function sendImage(reply: FastifyReply, format: CoverFormat, image: Uint8Array): FastifyReply {
  return reply.type(`image/${format}`).send(Buffer.from(image));
}
