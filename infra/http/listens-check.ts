import { Refusal } from './listens-errors.ts';

/**
 * What ListenBrainz asks of a listen, with its limits and its words, so that clients written for it
 * find what they know. Source: listenbrainz-server, `webserver/views/api_tools.py` (2026-08).
 * Where ListenBrainz itself fails with 500 (an object where a list belongs), we refuse with 400.
 */
export const listenLimits = {
  /** Bytes of a listen, on the average of a request. */
  listenBytes: 10_240,
  listensPerRequest: 1000,
  /** Bytes of a request. */
  requestBytes: 10_240_000,
  tags: 50,
  /** Characters. */
  tagLength: 64,
  /** The first second of 2002-10-01, UTC: the month in which last.fm was founded. */
  minimumS: 1_033_430_400,
  /** Seconds that a client's clock may be fast. */
  skewS: 3600,
  /** Seconds: 24 days. */
  durationS: 24 * 24 * 60 * 60,
  /** Levels of objects and lists in a listen. */
  depth: 1000,
} as const;

export type ListenType = 'single' | 'import' | 'playing_now';

type Fields = Record<string, unknown>;

/** A listen that was accepted. Names are trimmed and never empty. */
export interface CheckedListen {
  /** Seconds since 1970; undefined while it is playing. */
  readonly listenedAtS: number | undefined;
  readonly artist: string;
  readonly title: string;
  readonly album: string | undefined;
  /** As sent, durations as whole numbers, empty ids left out; undefined where nothing was sent. */
  readonly additionalInfo: Fields | undefined;
  /** As sent; read back by those who copy listens from ListenBrainz. */
  readonly mbidMapping: Fields | undefined;
}

/**
 * @param nowS - seconds since 1970
 * @throws Refusal 400 with ListenBrainz's message
 */
export function checkListen(listen: unknown, type: ListenType, nowS: number): CheckedListen {
  if (listen === null || listen === undefined) refuse('Listen is empty and cannot be validated.');
  const fields = fieldsOf(listen) ?? {};
  const isPlaying = type === 'playing_now';
  const listenedAtS = isPlaying ? checkPlaying(fields) : checkListenedAt(fields, nowS);
  if (!('track_metadata' in fields)) {
    refuse('JSON document must contain the key track_metadata at the top level.', fields);
  }
  if (Object.keys(fields).length > (isPlaying ? 1 : 2)) {
    refuse(
      isPlaying
        ? 'JSON document may only contain track_metadata as top level key when submitting playing_now.'
        : 'JSON document may only contain listened_at and track_metadata top level keys',
      fields,
    );
  }
  if (fields['track_metadata'] === null) {
    refuse('JSON document may not have track_metadata with null value.', fields);
  }
  const metadata = fieldsOf(fields['track_metadata']) ?? {};
  const title = nameIn(metadata, 'track_name', fields);
  const artist = nameIn(metadata, 'artist_name', fields);
  const album = optionalNameIn(metadata, 'release_name', fields);
  const additionalInfo = checkAdditionalInfo(metadata['additional_info'], fields);
  inspect(metadata, fields, 1);
  return {
    listenedAtS,
    artist: artist,
    title: title,
    album,
    additionalInfo,
    mbidMapping: fieldsOf(metadata['mbid_mapping']),
  };
}

function refuse(message: string, listen?: Fields): never {
  throw new Refusal(400, message, listen === undefined ? {} : { listen });
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;
}

function checkPlaying(listen: Fields): undefined {
  if ('listened_at' in listen) {
    refuse('JSON document must not contain listened_at while submitting playing_now.', listen);
  }
}

function checkListenedAt(listen: Fields, nowS: number): number {
  if (!('listened_at' in listen)) {
    refuse('JSON document must contain the key listened_at at the top level.', listen);
  }
  const seconds = wholeNumber(listen['listened_at'], /^\s*[+-]?\d+(_\d+)*\s*$/);
  if (seconds === undefined) {
    refuse('JSON document must contain an int value for listened_at.', listen);
  }
  if (seconds >= nowS + listenLimits.skewS) {
    refuse('Value for key listened_at is too high.', listen);
  }
  if (seconds < listenLimits.minimumS) {
    refuse(
      'Value for key listened_at is too low. listened_at timestamp should be greater than 1033410600 (2002-10-01 00:00:00 UTC).',
      listen,
    );
  }
  return seconds;
}

/** As Python's `int()` takes it: fractions are cut off, numbers in texts are numbers. */
function wholeNumber(value: unknown, text: RegExp): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : undefined;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value !== 'string' || !text.test(value)) return undefined;
  const number = Number(value.replaceAll('_', ''));
  return Number.isFinite(number) ? Math.trunc(number) : undefined;
}

function optionalNameIn(metadata: Fields, key: string, listen: Fields): string | undefined {
  if (!(key in metadata)) return undefined;
  const value = metadata[key];
  if (typeof value !== 'string') {
    refuse(`track_metadata.${key} must be a single string.`, listen);
  }
  const name = value.trim();
  return name === '' ? undefined : name;
}

function nameIn(metadata: Fields, key: string, listen: Fields): string {
  const name = optionalNameIn(metadata, key, listen);
  if (name !== undefined) return name;
  return refuse(
    key in metadata
      ? `field track_metadata.${key} is empty.`
      : `JSON document does not contain required field track_metadata.${key}.`,
    listen,
  );
}

const singleIds = ['release_mbid', 'recording_mbid', 'release_group_mbid', 'track_mbid'] as const;
const multipleIds = ['artist_mbids', 'work_mbids'] as const;

/** Mends what may be mended in place: durations become whole numbers, empty ids go. */
function checkAdditionalInfo(value: unknown, listen: Fields): Fields | undefined {
  if (value === undefined || value === null) return undefined;
  const info = fieldsOf(value);
  if (info === undefined)
    return refuse('track_metadata.additional_info must be an object.', listen);
  checkTags(info, listen);
  if ('duration' in info && 'duration_ms' in info) {
    refuse('JSON document should not contain both duration and duration_ms.', listen);
  }
  checkDuration(info, 'duration', listenLimits.durationS, listen);
  checkDuration(info, 'duration_ms', listenLimits.durationS * 1000, listen);
  for (const key of singleIds) {
    if (!(key in info)) continue;
    const id = info[key];
    if (isNothing(id)) delete info[key];
    else if (!isUuid(id)) refuse(`${key} MBID format invalid.`, listen);
  }
  for (const key of multipleIds) {
    if (!(key in info)) continue;
    const ids = info[key];
    if (isNothing(ids)) {
      delete info[key];
      continue;
    }
    const given = Array.isArray(ids) ? ids.filter((id) => !isNothing(id)) : [ids];
    if (!Array.isArray(ids) || !given.every(isUuid)) refuse(`${key} MBID format invalid.`, listen);
    info[key] = given;
  }
  return info;
}

/** What Python takes for false. */
function isNothing(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return !value;
}

function checkTags(info: Fields, listen: Fields): void {
  const tags = info['tags'];
  if (tags === undefined || tags === null) return;
  if (!Array.isArray(tags) && typeof tags !== 'string') {
    refuse('track_metadata.additional_info.tags must be a list.', listen);
  }
  if (tags.length > listenLimits.tags) {
    refuse(
      `JSON document may not contain more than ${listenLimits.tags} items in track_metadata.additional_info.tags.`,
      listen,
    );
  }
  if (typeof tags === 'string') return;
  for (const tag of tags as unknown[]) {
    if (typeof tag !== 'string') {
      refuse('track_metadata.additional_info.tags may only contain strings.', listen);
    }
    if (tag.length > listenLimits.tagLength && [...tag].length > listenLimits.tagLength) {
      refuse(
        `JSON document may not contain track_metadata.additional_info.tags longer than ${listenLimits.tagLength} characters.`,
        listen,
      );
    }
  }
}

/** Read one way only: a text of a million digits that is no number must not take a day. */
const decimal = /^\s*[+-]?(\d+(_\d+)*(\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i;

function checkDuration(info: Fields, key: string, max: number, listen: Fields): void {
  if (!(key in info)) return;
  const duration = wholeNumber(info[key], decimal);
  if (duration === undefined || duration <= 0) {
    refuse(`Value for ${key} is invalid, should be a positive integer.`, listen);
  }
  if (duration > max) {
    refuse(`Value for ${key} is too large, max permitted value is ${max}`, listen);
  }
  info[key] = duration;
}

/** Characters: with braces and `urn:uuid:` it has 47. */
const longestUuid = 100;
const plainUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** As Python's `uuid.UUID()` takes it: with or without hyphens, braces and `urn:uuid:`. */
export function isUuid(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > longestUuid) return false;
  if (plainUuid.test(value)) return true;
  const digits = value
    .replaceAll('urn:', '')
    .replaceAll('uuid:', '')
    .replaceAll(/^[{}]+|[{}]+$/g, '')
    .replaceAll('-', '');
  return /^[0-9a-f]{32}$/i.test(digits);
}

const loneSurrogate = /\p{Cs}/u;

/** Refuses texts that no database takes: with NUL, or with half of a surrogate pair. */
function inspect(value: unknown, listen: Fields, depth: number): void {
  if (typeof value === 'string') {
    if (value.includes('\0')) refuse(`${value} contains a unicode null`, listen);
    if (loneSurrogate.test(value)) refuse('Cannot parse JSON document: lone surrogate in a string');
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > listenLimits.depth) refuse('Cannot parse JSON document: Recursion limit reached');
  if (Array.isArray(value)) {
    for (const item of value) inspect(item, listen, depth + 1);
    return;
  }
  for (const key of Object.keys(value)) {
    inspect(key, listen, depth);
    inspect((value as Fields)[key], listen, depth + 1);
  }
}
