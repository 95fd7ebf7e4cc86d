import { createHash } from 'node:crypto';
import type { CheckedListen } from './listens-check.ts';

type Fields = Record<string, unknown>;

/** A row of the lake's `listens`, as far as it is read back. */
export interface ListenRow {
  /** Seconds since 1970. */
  readonly listened_at: number;
  readonly artist: string;
  readonly title: string;
  readonly album: string | null;
  readonly info: string | null;
}

/** Where a listen was heard: the first that is told counts. */
const clientKeys = [
  'music_service',
  'music_service_name',
  'listening_from',
  'media_player',
] as const;

/** The largest INTEGER. */
const maxMs = 2 ** 31 - 1;

/**
 * A listen as a line of NDJSON for the lake's table `listens`, ended. Zone and language are not
 * told by listens: they are null.
 *
 * - `played_ms`: from `duration_played` (seconds) or `ms_played`, as the archives of Spotify call it
 * - `client`: see `clientKeys`; lower case
 * - `info`: `additional_info` as sent, with `mbid_mapping` in it where it was sent
 *
 * @param listener - as JSON: in quotes
 */
export function lineOf(listen: CheckedListen, listener: string): string {
  const { listenedAtS, artist, title, album, additionalInfo: info, mbidMapping } = listen;
  const instant = new Date(listenedAtS! * 1000).toISOString();
  let line = `{"listened_at":"${instant}","listener":${listener},"artist":${JSON.stringify(artist)},"title":${JSON.stringify(title)}`;
  if (album !== undefined) line += `,"album":${JSON.stringify(album)}`;
  if (info !== undefined) {
    const playedMs = playedMsOf(info);
    if (playedMs !== undefined) line += `,"played_ms":${playedMs}`;
    const client = clientOf(info);
    if (client !== undefined) line += `,"client":${JSON.stringify(client)}`;
  }
  const told = infoOf(info, mbidMapping);
  if (told !== undefined) line += `,"info":${JSON.stringify(JSON.stringify(told))}`;
  return `${line}}\n`;
}

function infoOf(info: Fields | undefined, mbidMapping: Fields | undefined): Fields | undefined {
  if (mbidMapping !== undefined) return { ...info, mbid_mapping: mbidMapping };
  for (const _key in info) return info;
  return undefined;
}

function playedMsOf(info: Fields): number | undefined {
  return milliseconds(info['duration_played'], 1000) ?? milliseconds(info['ms_played'], 1);
}

function milliseconds(value: unknown, unitMs: number): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) {
    return undefined;
  }
  const ms = Math.round(Number(value) * unitMs);
  return ms >= 0 && ms <= maxMs ? ms : undefined;
}

function clientOf(info: Fields): string | undefined {
  for (const key of clientKeys) {
    const value = info[key];
    if (typeof value !== 'string') continue;
    const client = value.trim().toLowerCase();
    if (client !== '') return client;
  }
  return undefined;
}

/** A row as ListenBrainz's API gives a listen. `inserted_at` is not kept: it is 0. */
export function listenAnswerOf(row: ListenRow, listener: string) {
  const { listened_at, artist, title, album } = row;
  const { mbid_mapping, ...info } = parsedInfo(row.info);
  const recordingMsid = recordingMsidOf(artist, title, album);
  return {
    inserted_at: 0,
    listened_at,
    recording_msid: recordingMsid,
    track_metadata: {
      additional_info: { ...flattened(info), recording_msid: recordingMsid },
      artist_name: artist,
      track_name: title,
      ...(album === null ? {} : { release_name: album }),
      ...(mbid_mapping === undefined ? {} : { mbid_mapping }),
    },
    user_name: listener,
  };
}

/** What is playing, as ListenBrainz's API gives it. */
export function playingNowAnswerOf(listen: CheckedListen, listener: string) {
  const { artist, title, album, additionalInfo = {}, mbidMapping } = listen;
  return {
    playing_now: true,
    track_metadata: {
      additional_info: flattened(additionalInfo),
      artist_name: artist,
      track_name: title,
      ...(album === undefined ? {} : { release_name: album }),
      ...(mbidMapping === undefined ? {} : { mbid_mapping: mbidMapping }),
    },
    user_name: listener,
  };
}

function parsedInfo(json: string | null): Fields {
  if (json === null) return {};
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : {};
  } catch {
    return {};
  }
}

/** Objects in objects by their path, `a.b`, as ListenBrainz reads them back. */
function flattened(fields: Fields, prefix = '', into: Fields = {}): Fields {
  for (const [key, value] of Object.entries(fields)) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isObject) flattened(value as Fields, `${prefix}${key}.`, into);
    else into[`${prefix}${key}`] = value;
  }
  return into;
}

/** Names the recording as it was typed, case apart: the same names give the same UUID (version 8). */
export function recordingMsidOf(artist: string, title: string, album: string | null): string {
  const typed = [artist, title, album ?? ''].map((name) => name.toLowerCase());
  const bytes = createHash('sha256').update(JSON.stringify(typed)).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
