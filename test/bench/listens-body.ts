import type { ListensWorld } from './listens-world.ts';

/** Writes the listens from a number on; the buffer is the same each time. */
export type Fill = (first: number, nowS: number) => Buffer;

const clients = ['spotify.com', 'youtube.com', 'Last.fm', 'tidal.com', 'deezer.com'];
/** Seconds between two listens of a request; and as many requests of a listener do not meet. */
const stepS = 16;
const dayS = 86_400;

/** A way of writing listens: what comes before, between and after what changes. */
interface Shape {
  readonly tracks: readonly Buffer[];
  /** By client. */
  readonly ends: readonly Buffer[];
  readonly timeBytes: number;
  time(into: Buffer, at: number, seconds: number): void;
}

/**
 * Requests of `POST /1/submit-listens`, each of one listener: of tracks that are drawn by
 * popularity, one each 16 seconds up to now, and of a hundred one of the days before. No listen is
 * made twice while a listener has at most 16 requests.
 *
 * @param tokens - of the listeners of the world
 */
export function requestFill(world: ListensWorld, count: number, tokens: readonly string[]): Fill {
  const shape: Shape = {
    tracks: world.tracks.map(({ artist, title, album, durationMs, mbid }) =>
      Buffer.from(
        `,"track_metadata":{"artist_name":${JSON.stringify(artist)},"track_name":${JSON.stringify(title)},"release_name":${JSON.stringify(album)},"additional_info":{"duration_ms":${durationMs}${mbid === undefined ? '' : `,"recording_mbid":"${mbid}"`}`,
      ),
    ),
    ends: clients.map((client) =>
      Buffer.from(`,"music_service":"${client}","submission_client":"bench"}}},`),
    ),
    timeBytes: 10,
    time: (into, at, seconds) => digits(into, at, seconds, 10),
  };
  const opening = Buffer.from('{"listened_at":');
  const start = `{"listen_type":"${count === 1 ? 'single' : 'import'}","payload":[`;
  const bytes = Buffer.alloc(headBytes + start.length + count * mostBytes);
  bytes.write(start, headBytes, 'latin1');
  return (first, nowS) => {
    const request = first / count;
    let at = rows(world, shape, opening, bytes, headBytes + start.length, count, request, nowS);
    // In the place of the last comma.
    at += bytes.write(']}', at - 1, 'latin1') - 1;
    const token = tokens[request % tokens.length]!;
    const head =
      `POST /1/submit-listens HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Token ${token}\r\n` +
      `content-type: application/json\r\ncontent-length: ${at - headBytes}\r\n\r\n`;
    bytes.write(head, headBytes - head.length, 'latin1');
    return bytes.subarray(headBytes - head.length, at);
  };
}

/** The same listens as rows of the lake table. */
export function rowFill(world: ListensWorld, count: number): Fill {
  const shape: Shape = {
    tracks: world.tracks.map(({ artist, title, album, durationMs, mbid }) =>
      Buffer.from(
        `","artist":${JSON.stringify(artist)},"title":${JSON.stringify(title)},"album":${JSON.stringify(album)},"info":"{\\"duration_ms\\":${durationMs}${mbid === undefined ? '' : `,\\"recording_mbid\\":\\"${mbid}\\"`}`,
      ),
    ),
    ends: clients.map((client) =>
      Buffer.from(
        `,\\"music_service\\":\\"${client}\\",\\"submission_client\\":\\"bench\\"}","client":"${client.toLowerCase()}"}\n`,
      ),
    ),
    timeBytes: 24,
    time: (into, at, seconds) =>
      void into.write(new Date(seconds * 1000).toISOString(), at, 'latin1'),
  };
  const bytes = Buffer.alloc(count * mostBytes);
  return (first, nowS) => {
    const request = first / count;
    const listener = world.listeners[request % world.listeners.length]!;
    const opening = Buffer.from(`{"listener":"${listener}","listened_at":"`);
    return bytes.subarray(0, rows(world, shape, opening, bytes, 0, count, request, nowS));
  };
}

const headBytes = 1024;
const mostBytes = 1024;

/** @returns where they end */
function rows(
  { listeners, draws }: ListensWorld,
  shape: Shape,
  opening: Buffer,
  into: Buffer,
  start: number,
  count: number,
  request: number,
  nowS: number,
): number {
  const round = Math.floor(request / listeners.length) % stepS;
  const firstDraw = Math.imul(request, 0x9e3779b1);
  const end = shape.ends[request % shape.ends.length]!;
  // Those of different rounds differ in their remainder by the step, also on other days.
  const newestS = (Math.floor(nowS / stepS) - 1) * stepS + round;
  let at = start;
  for (let n = 0; n < count; n++) {
    const isLate = (request + n) % 100 === 99;
    const seconds = newestS - n * stepS - (isLate ? (1 + ((request >> 2) % 3)) * dayS : 0);
    const track = shape.tracks[draws[(firstDraw + n) & (draws.length - 1)]!]!;
    into.set(opening, at);
    at += opening.length;
    shape.time(into, at, seconds);
    at += shape.timeBytes;
    into.set(track, at);
    at += track.length;
    into.set(end, at);
    at += end.length;
  }
  return at;
}

function digits(bytes: Buffer, at: number, value: number, width: number): void {
  let rest = value;
  for (let d = width - 1; d >= 0; d--) {
    bytes[at + d] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
