/** Writes listens from a number on; the buffer is the same each time. */
export type Fill = (first: number, nowS: number) => Buffer;

const width = 10;
const titlePlace = '#'.repeat(width);
const secondPlace = '1'.repeat(width);
const timePlace = '2000-01-01T00:00:00.000Z';

/**
 * A request of `POST /1/submit-listens`, of some 200 bytes a listen: made once, then only digits
 * change. Of a hundred listens one is of yesterday.
 */
export function listenTemplate(count: number, token: string): Fill {
  const listen = `{"listened_at":${secondPlace},"track_metadata":{"artist_name":"Artist","track_name":"Title ${titlePlace}","release_name":"The album","additional_info":{"music_service":"spotify.com","duration_ms":226000}}}`;
  const body = `{"listen_type":"${count === 1 ? 'single' : 'import'}","payload":[${Array<string>(count).fill(listen).join(',')}]}`;
  const head =
    `POST /1/submit-listens HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Token ${token}\r\n` +
    `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  const bytes = Buffer.from(head + body);
  const titles = placesOf(bytes, titlePlace);
  const seconds = placesOf(bytes, `:${secondPlace},`).map((at) => at + 1);
  return (first, nowS) => {
    for (let n = 0; n < count; n++) {
      digits(bytes, titles[n]!, first + n);
      digits(bytes, seconds[n]!, listenedAt(first + n, nowS));
    }
    return bytes;
  };
}

/** The same as rows of the lake table. */
export function rowTemplate(count: number): Fill {
  const row = `{"listened_at":"${timePlace}","listener":"bench-0","artist":"Artist","title":"Title ${titlePlace}","album":"The album","client":"spotify.com","info":"{\\"duration_ms\\":226000}"}\n`;
  const bytes = Buffer.from(Array<string>(count).fill(row).join(''));
  const titles = placesOf(bytes, titlePlace);
  const times = placesOf(bytes, timePlace);
  return (first, nowS) => {
    for (let n = 0; n < count; n++) {
      digits(bytes, titles[n]!, first + n);
      const time = new Date(listenedAt(first + n, nowS) * 1000).toISOString();
      bytes.write(time, times[n]!, 'latin1');
    }
    return bytes;
  };
}

function listenedAt(n: number, nowS: number): number {
  return n % 100 === 99 ? nowS - 86_400 : nowS - (n % 3);
}

function placesOf(bytes: Buffer, text: string): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + text.length)) {
    places.push(at);
  }
  return places;
}

function digits(bytes: Buffer, at: number, value: number): void {
  let rest = value;
  for (let d = width - 1; d >= 0; d--) {
    bytes[at + d] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
