/**
 * A source of profile pictures, run as a process of its own: 30 % of the listeners have one of 64
 * pictures of 8 KB, with an `ETag`; the others get 404. Tells its port to who forked it.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const sharePercent = 30;
const numPictures = 64;

const pictures = Array.from({ length: numPictures }, (_, n) => {
  const noise = Array.from({ length: 256 }, (_, part) =>
    createHash('sha256').update(`${n} ${part}`).digest(),
  );
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...noise]);
});

const server = createServer((request, response) => {
  const drawn = createHash('sha256')
    .update(request.url ?? '')
    .digest()
    .readUInt32LE(0);
  if (drawn % 100 >= sharePercent) {
    response.writeHead(404).end();
    return;
  }
  const n = (drawn >>> 8) % numPictures;
  const etag = `"picture-${n}"`;
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, { etag }).end();
    return;
  }
  const bytes = pictures[n]!;
  response.writeHead(200, { etag, 'content-type': 'image/png', 'content-length': bytes.length });
  response.end(bytes);
});

server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.({ port: address.port });
});
process.on('disconnect', () => process.exit(0));
