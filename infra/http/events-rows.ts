import type { z } from 'zod';
import { languageTag } from '../../model/language-tags.ts';
import { countryCode, pictureAddress } from '../../model/profile.ts';
import { ianaZone } from '../../model/zone-names.ts';
import { listenLimits } from './listens-check.ts';
import {
  ms,
  type blockEvent,
  type exclusionEvent,
  type feedbackEvent,
  type playlistChangeEvent,
  type profile,
  type recording,
  type saveEvent,
  type searchEvent,
} from './events-schema.ts';
import { Problem } from './problem.ts';

/** Columns of a row; undefined is null. Instants are ISO 8601 in UTC with milliseconds. */
export type Row = Record<string, string | number | boolean | readonly string[] | undefined>;

/** Whose a row is, and when its request came: milliseconds since 1970. */
export interface Said {
  readonly listener: string;
  readonly now: number;
}

/** A row as a line of NDJSON, ended. */
export function lineOfRow(row: Row): string {
  return `${JSON.stringify(row)}\n`;
}

const utc = (iso: string): string => new Date(ms(iso)).toISOString();
const orNone = (iso: string | null | undefined) => (iso ? utc(iso) : undefined);

/** @throws Problem 400 for a time before 2002-10, or more than an hour from now */
function when(at: string | undefined, now: number): string {
  if (at === undefined) return new Date(now).toISOString();
  const [earliest, latest] = [listenLimits.minimumS * 1000, now + listenLimits.skewS * 1000];
  const instant = ms(at);
  if (instant >= earliest && instant <= latest) return new Date(instant).toISOString();
  const [from, to] = [earliest, latest].map((limit) => new Date(limit).toISOString());
  throw new Problem(400, 'Bad request', `at: expected a time from ${from} to ${to}, got "${at}"`);
}

const said = ({ listener, now }: Said, at: string | undefined): Row => ({
  happened_at: when(at, now),
  listener,
});

export function feedbackRow(event: z.infer<typeof feedbackEvent>, by: Said): Row {
  const { kind, artist, title, playedMs } = event;
  return { ...said(by, event.at), kind, artist, title, played_ms: playedMs };
}

/** A block that is lifted ends when that is said. */
export function blockRow(event: z.infer<typeof blockEvent>, by: Said): Row {
  const { scope, artist, name, until, lifted } = event;
  const row = said(by, event.at);
  const end = lifted === true ? (row['happened_at'] as string) : orNone(until);
  return { ...row, scope, artist, name, until: end };
}

export function exclusionRow(event: z.infer<typeof exclusionEvent>, by: Said): Row {
  const { client, since, before, lifted = false } = event;
  return {
    ...said(by, event.at),
    client: client?.toLowerCase(),
    since: orNone(since),
    before: orNone(before),
    lifted,
  };
}

export function searchRow(event: z.infer<typeof searchEvent>, by: Said): Row {
  return { ...said(by, event.at), query: event.query };
}

export function saveRow(event: z.infer<typeof saveEvent>, by: Said): Row {
  const { scope, artist, name, saved = true } = event;
  return { ...said(by, event.at), scope, artist, name, saved };
}

export function playlistChangeRow(event: z.infer<typeof playlistChangeEvent>, by: Said): Row {
  const { at, playlistId, change, ...rest } = event;
  const { description, ...names } = { description: undefined, ...rest };
  return {
    ...said(by, at),
    playlist_id: playlistId,
    change,
    ...names,
    description: description ?? undefined,
  };
}

export function profileRow(event: z.infer<typeof profile>, by: Said): Row {
  const { zone, country, language, pictureUrl } = event;
  return {
    ...said(by, event.at),
    zone: zone ? ianaZone(zone) : undefined,
    country: country ? countryCode(country) : undefined,
    language: language ? languageTag(language) : undefined,
    picture_url: pictureUrl ? pictureAddress(pictureUrl) : undefined,
  };
}

/** @param now - milliseconds since 1970: the day from which it is known, where that is not told */
export function recordingRow(event: z.infer<typeof recording>, now: number): Row {
  const { recordingId, albumId, lengthS, genres, key, knownFrom, ...same } = event;
  const told = Object.entries(same).filter(([, value]) => value !== null);
  return {
    recording_id: recordingId,
    ...Object.fromEntries(told),
    album_id: albumId ?? undefined,
    length_s: lengthS ?? undefined,
    genres: [...new Set(genres.map((genre) => genre.toLowerCase()))],
    musical_key: key ?? undefined,
    known_from: knownFrom ?? new Date(now).toISOString().slice(0, 10),
  };
}
