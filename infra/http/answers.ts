import { createHash } from 'node:crypto';
import { z } from 'zod';
import { mondayStart, nextWeek, parseWeek, weekKeyPattern } from '../../model/week.ts';
import { listedTrack } from '../../pipelines/lists.ts';
import type { NamedPlaylist } from './playlists.ts';

/** An ISO week that the year has, `2014-W36`. */
export const weekKey = z
  .string()
  .regex(weekKeyPattern, {
    abort: true,
    error: ({ input }) => `expected an ISO week such as 2014-W36, got "${input}"`,
  })
  .superRefine((text, context) => {
    try {
      parseWeek(text);
    } catch (error) {
      context.addIssue((error as Error).message);
    }
  });

/** A list as clients get it. */
export const playlistAnswer = z
  .object({
    user: z.string(),
    /** ISO week in the listener's zone. */
    week: z.string(),
    /** IANA. */
    zone: z.string(),
    /** Monday 00:00 in the zone, as an instant, and the Monday after. */
    validFrom: z.iso.datetime(),
    validUntil: z.iso.datetime(),
    revision: z.int(),
    model: z.string(),
    /** Path of the cover image. */
    cover: z.string(),
    tracks: z.array(listedTrack),
  })
  .meta({ id: 'Playlist' });
export type PlaylistAnswer = z.infer<typeof playlistAnswer>;

/** A line of the archive. */
export const archiveEntry = z
  .object({
    week: z.string(),
    zone: z.string(),
    validFrom: z.iso.datetime(),
    validUntil: z.iso.datetime(),
    revision: z.int(),
    href: z.string(),
  })
  .meta({ id: 'ArchiveEntry' });

export const problemAnswer = z
  .object({ title: z.string(), status: z.int(), detail: z.string() })
  .meta({ id: 'Problem' });

export const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemAnswer } },
});

/** What can go wrong, as the OpenAPI document says it. */
export const problems = {
  400: problem('The request is malformed; the detail says what was expected.'),
  401: problem('No token, or none of this service that is valid.'),
  403: problem('The token does not allow this.'),
  404: problem('Nothing is stored there, or the Monday of the list is yet to come.'),
  503: problem('A server that this one needs is away; try again.'),
} as const;

export const json = <Schema extends z.ZodType>(description: string, schema: Schema) => ({
  description,
  content: { 'application/json': { schema } },
});

/** What is said without a body: the client's copy is still right. */
export const unchanged = z.null().describe('What `If-None-Match` names has not changed.');

export function hrefOf(user: string, week: string): string {
  return `/v1/users/${encodeURIComponent(user)}/playlists/${week}`;
}

type Dated = Pick<NamedPlaylist, 'user' | 'week' | 'zone' | 'validFrom' | 'revision'>;

export function archiveEntryOf(document: Dated): z.infer<typeof archiveEntry> {
  const { user, week, zone, validFrom, revision } = document;
  return {
    week,
    zone,
    validFrom: validFrom.toISOString(),
    validUntil: mondayAfter(week, zone),
    revision,
    href: hrefOf(user, week),
  };
}

const mondaysAfter = new Map<string, string>();

/** Kept, for there are few: time zones are slow to reckon with. */
function mondayAfter(week: string, zone: string): string {
  const key = `${week} ${zone}`;
  let monday = mondaysAfter.get(key);
  if (monday === undefined) {
    monday = new Date(mondayStart(nextWeek(week), zone)).toISOString();
    mondaysAfter.set(key, monday);
  }
  return monday;
}

export function playlistAnswerOf(document: NamedPlaylist): PlaylistAnswer {
  const { week, zone, validFrom, validUntil, revision, href } = archiveEntryOf(document);
  return {
    user: document.user,
    week,
    zone,
    validFrom,
    validUntil,
    revision,
    model: document.model,
    cover: `${href}/cover`,
    tracks: [...document.tracks],
  };
}

/** Strong entity tag of a body (RFC 9110, 8.8.3). */
export function etagOf(body: string | Uint8Array): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
}

/** Whether `If-None-Match` names the tag; weak comparison, as RFC 9110, 13.1.2 asks. */
export function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return (
    ifNoneMatch.trim() === '*' ||
    ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
  );
}
