import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Mistake } from '../../model/mistake.ts';
import { json } from './answers.ts';
import type { App } from './app.ts';
import { lineOfRow } from './events-rows.ts';
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
import { listenerOf, mayRead } from './listens-bearer.ts';
import { isUuid } from './listens-check.ts';
import { Refusal } from './listens-errors.ts';
import type { Opinion, RecordingId, RecordingNames } from './listens-feedback.ts';
import type { ListenRoutes } from './listens.ts';
import { recordingMsidOf } from './listens-row.ts';
import { parseJson } from './listens-submission.ts';
import { busy } from './listens-waiting.ts';

interface FeedbackRoutes extends ListenRoutes {
  /** @throws Refusal 404 where nothing is known of the listener, unless they ask themselves */
  readonly totalsOf: (request: FastifyRequest, name: string) => Promise<unknown>;
}

const submission = z.object({
  recording_mbid: z.uuid().nullish(),
  recording_msid: z.uuid().nullish(),
  score: z.int().min(-1).max(1).describe('1 love, -1 hate, 0 neither.'),
});
const unknownRecording = {
  404: json(
    'The listener has no listen with this id, nor plays one.',
    z.object({ code: z.int(), error: z.string() }),
  ),
} as const;
const opinions = z.object({
  feedback: z.array(
    z.object({
      created: z.int(),
      recording_mbid: z.string().nullable(),
      recording_msid: z.string(),
      score: z.int(),
      user_id: z.string(),
      track_metadata: z.record(z.string(), z.unknown()).nullable(),
    }),
  ),
  count: z.int(),
  total_count: z.int().describe('Of love and hate together, whatever was asked for.'),
  offset: z.int(),
});
/** Bytes of a request. */
const bodyLimit = 10_240;
const kinds = { '1': 'love', '-1': 'hate', '0': 'none' } as const;
const keys = ['recording_msid', 'recording_mbid', 'score'];

/**
 * The part of ListenBrainz's API by which recordings are loved and hated, for clients that know
 * their ids only. A recording is that which the listener plays, or has listened to, by this id: our
 * feedback is of names.
 */
export function addRecordingFeedback(app: App, routes: FeedbackRoutes): void {
  const { clock, log, events, playingNow, reader, arePublic, totalsOf } = routes;

  async function namesOf(listener: string, id: RecordingId): Promise<RecordingNames | undefined> {
    const playing = await playingNow.get(listener).catch((error: Error) => {
      log.warn({ error: error.message }, 'what is playing is not known');
      return undefined;
    });
    if (playing !== undefined) {
      const { artist, title, album = null, additionalInfo, mbidMapping } = playing;
      const mbids = [additionalInfo, mbidMapping].map((told) =>
        String(told?.['recording_mbid']).toLowerCase(),
      );
      if (id.mbid !== undefined && mbids.includes(id.mbid)) return { artist, title };
      if (id.msid === recordingMsidOf(artist, title, album)) return { artist, title };
    }
    return reader.recording(listener, id);
  }

  app.post(
    '/1/feedback/recording-feedback',
    {
      bodyLimit,
      schema: {
        operationId: 'recordingFeedback',
        summary: 'Love, hate or neither of a recording by its id, as ListenBrainz has it',
        tags,
        security,
        body: submission,
        response: { 200: json('Accepted.', accepted), ...refusals, ...unknownRecording },
      },
      // Bytes, whatever the content type.
      validatorCompiler: () => (value) => ({ value: value as unknown }),
    },
    async (request, reply) => {
      const listener = listenerOf(request);
      const body: unknown = request.body;
      const { kind, ...id } = readFeedback(body instanceof Uint8Array ? body : new Uint8Array());
      const names = await namesOf(listener, id);
      if (names === undefined) {
        throw new Refusal(
          404,
          `Cannot find recording: ${id.mbid ?? id.msid}. Submit a listen with it first.`,
        );
      }
      const { artist, title } = names;
      const row = { happened_at: new Date(clock()).toISOString(), listener, kind, artist, title };
      try {
        await writeLines(events, 'feedback', [lineOfRow(row)]);
      } catch (cause) {
        if (!(cause instanceof Mistake)) throw cause;
        throw busy();
      }
      return sendText(reply, '{"status":"ok"}');
    },
  );

  app.get(
    '/1/feedback/user/:name/get-feedback',
    {
      schema: {
        operationId: 'getFeedback',
        summary: 'What was loved and hated, the newest first',
        tags,
        security,
        params: user,
        querystring: z.object({
          score: z.string().describe('1 or -1: only these.').optional(),
          count: z.string().describe('25 by default, 1,000 at most.').optional(),
          offset: z.string().optional(),
          metadata: z.string().describe('true: with the names.').optional(),
        }),
        response: { 200: json('Feedback.', opinions), ...refusals, ...unknownUser },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      mayRead(request, name, arePublic);
      const { query } = request;
      const asked = wholeNumberIn(query, 'score');
      const score = asked === 0 ? undefined : asked;
      const withNames = truthIn(query, 'metadata');
      const offset = sizeIn(query, 'offset', 0);
      const count = Math.min(sizeIn(query, 'count', 25), 1000);
      if (score !== undefined && score !== 1 && score !== -1) {
        throw new Refusal(400, 'Score can have a value of 1 or -1.');
      }
      await totalsOf(request, name);
      const found = await reader.opinions(name, { score, count, offset });
      return sendJson(reply, {
        feedback: found.opinions.map((opinion) => answerOf(opinion, name, withNames)),
        count: found.opinions.length,
        total_count: found.total,
        offset,
      });
    },
  );
}

/** @throws Refusal 400 with ListenBrainz's messages */
function readFeedback(body: Uint8Array): RecordingId & { kind: 'love' | 'hate' | 'none' } {
  const document = parseJson(body);
  const fields = (
    typeof document === 'object' && document !== null && !Array.isArray(document) ? document : {}
  ) as Record<string, unknown>;
  if (!('recording_msid' in fields || 'recording_mbid' in fields) || !('score' in fields)) {
    throw new Refusal(
      400,
      'JSON document must contain either recording_msid or recording_mbid, and score top level keys',
    );
  }
  if (Object.keys(fields).some((key) => !keys.includes(key))) {
    throw new Refusal(
      400,
      'JSON document may only contain recording_msid, recording_mbid and score top level keys',
    );
  }
  const [msid, mbid] = (['recording_msid', 'recording_mbid'] as const).map((key) => {
    const id = fields[key];
    if (id === null || id === undefined) return undefined;
    if (isUuid(id)) return uuidOf(id);
    return invalid(`${key} must be a valid UUID.`);
  });
  if (msid === undefined && mbid === undefined) {
    return invalid('expected recording_msid or recording_mbid, got null');
  }
  const { score } = fields;
  if (score === 1 || score === -1 || score === 0) {
    return { mbid, msid, kind: kinds[`${score}`] };
  }
  return invalid('Score can have a value of 1, 0 or -1.');
}

function invalid(why: string): never {
  throw new Refusal(400, `Invalid JSON document submitted: ${why}`);
}

/** With hyphens, lower case. */
function uuidOf(id: string): string {
  return id
    .toLowerCase()
    .replaceAll(/urn:|uuid:|[{}-]/g, '')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function answerOf({ created, kind, ...names }: Opinion, listener: string, withNames: boolean) {
  const { artist, title, album, mbid } = names;
  const metadata = {
    artist_name: artist,
    track_name: title,
    ...(album === null ? {} : { release_name: album }),
  };
  return {
    created,
    recording_mbid: mbid,
    recording_msid: recordingMsidOf(artist, title, album),
    score: kind === 'love' ? 1 : -1,
    track_metadata: withNames ? metadata : null,
    user_id: listener,
  };
}

type Query = Readonly<
  Partial<Record<'score' | 'count' | 'offset' | 'metadata', string | undefined>>
>;

/** Undefined where it is not given, or empty. */
function wholeNumberIn(query: Query, name: keyof Query): number | undefined {
  const text = query[name];
  if (!text) return undefined;
  if (/^\s*[+-]?\d{1,15}\s*$/.test(text)) return Number(text);
  throw new Refusal(400, `Invalid ${name} argument: ${text}`);
}

function sizeIn(query: Query, name: keyof Query, otherwise: number): number {
  const size = wholeNumberIn(query, name) ?? otherwise;
  if (size >= 0) return size;
  throw new Refusal(400, `'${name}' should be a non-negative integer`);
}

function truthIn(query: Query, name: keyof Query): boolean {
  const text = query[name]?.toLowerCase();
  if (!text || text === 'false') return false;
  if (text === 'true') return true;
  throw new Refusal(400, `Invalid ${name} argument: ${text}. Must be 'true' or 'false'`);
}
