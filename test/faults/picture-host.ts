import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32, createDeflate } from 'node:zlib';

/** What the host of the listeners' pictures does. */
export type Manner = 'none' | 'hangs' | 'endless' | 'bomb' | 'redirect' | 'svg';

export interface PictureHost {
  readonly url: string;
  manner: Manner;
  /** Answers given in the present manner. */
  readonly answers: number;
  /** Bytes of endless pictures that went out. */
  readonly bytes: number;
  /** Requests that came to an address inside, where a redirect led. */
  readonly inside: number;
  reset(): void;
  dispose(): Promise<void>;
}

const bombSide = 20_000;

export async function openPictureHost(): Promise<PictureHost> {
  let manner: Manner = 'none';
  let answers = 0;
  let bytes = 0;
  let inside = 0;
  const secret = createServer((_request, response) => {
    inside++;
    response.writeHead(200, { 'content-type': 'image/png' }).end('x');
  }).listen(0, '127.0.0.1');
  await once(secret, 'listening');
  const insideUrl = `http://127.0.0.1:${(secret.address() as AddressInfo).port}/`;
  let bomb: Promise<Buffer> | undefined;

  const host = createServer((_request, response) => {
    answers++;
    switch (manner) {
      case 'none':
        return void response.writeHead(404).end();
      case 'hangs':
        return;
      case 'endless':
        response.writeHead(200, { 'content-type': 'image/jpeg' });
        return pour(response, (sent) => (bytes += sent));
      case 'bomb':
        bomb ??= pixelBomb();
        return void bomb.then((picture) =>
          response.writeHead(200, { 'content-type': 'image/png' }).end(picture),
        );
      case 'redirect':
        return void response.writeHead(302, { location: insideUrl }).end();
      case 'svg':
        return void response
          .writeHead(200, { 'content-type': 'image/svg+xml' })
          .end(
            `<svg xmlns="http://www.w3.org/2000/svg"><script href="${insideUrl}"/><image href="${insideUrl}"/></svg>`,
          );
    }
  }).listen(0, '127.0.0.1');
  await once(host, 'listening');
  return {
    url: `http://127.0.0.1:${(host.address() as AddressInfo).port}/{user}.png`,
    get manner() {
      return manner;
    },
    set manner(to) {
      manner = to;
    },
    get answers() {
      return answers;
    },
    get bytes() {
      return bytes;
    },
    get inside() {
      return inside;
    },
    reset() {
      manner = 'none';
      answers = bytes = inside = 0;
    },
    async dispose() {
      for (const server of [host, secret]) {
        server.close();
        server.closeAllConnections();
        await once(server, 'close');
      }
    },
  };
}

/** 10 GB, as a JPEG would begin; as much of it as is taken. */
function pour(response: ServerResponse, sent: (bytes: number) => void): void {
  const piece = Buffer.alloc(65_536, 'a');
  piece.set([0xff, 0xd8, 0xff]);
  let left = 10e9;
  const more = () => {
    while (!response.destroyed && left > 0) {
      left -= piece.length;
      sent(piece.length);
      if (!response.write(piece)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}

/** A PNG of 20,000 x 20,000 black pixels: 400 million of them in some 400 KB. */
async function pixelBomb(): Promise<Buffer> {
  const deflate = createDeflate({ level: 1 });
  const packed: Buffer[] = [];
  deflate.on('data', (bytes: Buffer) => packed.push(bytes));
  const rows = Buffer.alloc((bombSide + 1) * 100);
  for (let row = 0; row < bombSide; row += 100) {
    if (!deflate.write(rows)) await once(deflate, 'drain');
  }
  deflate.end();
  await once(deflate, 'end');
  const header = Buffer.alloc(13);
  header.writeUInt32BE(bombSide, 0);
  header.writeUInt32BE(bombSide, 4);
  header.set([8, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', Buffer.concat(packed)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body) >>> 0);
  return Buffer.concat([length, body, check]);
}
