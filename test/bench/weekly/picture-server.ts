/**
 * A source of profile pictures, run as a process of its own: see `pictureOf`; who has none gets 404.
 * Tells its port to who forked it.
 */
import { createServer } from 'node:http';
import { pictureOf } from './pictures.ts';

const server = createServer((request, response) => {
  const picture = pictureOf(decodeURIComponent((request.url ?? '/').slice(1)));
  if (picture === undefined) {
    response.writeHead(404).end();
    return;
  }
  const { bytes, etag } = picture;
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, { etag }).end();
    return;
  }
  response.writeHead(200, { etag, 'content-type': 'image/png', 'content-length': bytes.length });
  response.end(bytes);
});

server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.({ port: address.port });
});
process.on('disconnect', () => process.exit(0));
