import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Respond = (response: ServerResponse, request: IncomingMessage) => void;

/** A web site of a test: what it answers by path, and what it was asked. */
export interface Newsroom {
  /** `http://127.0.0.1:8123` */
  readonly url: string;
  /** `127.0.0.1:8123` */
  readonly host: string;
  readonly asked: { readonly path: string; readonly headers: IncomingMessage['headers'] }[];
  /** Requests that were open at the same time, at most. */
  readonly mostAtOnce: () => number;
  /** Answers a path from now on; all others are missing. */
  on(path: string, respond: Respond): void;
  /** Paths that were asked for, without robots.txt, in order. */
  paths(): string[];
  close(): Promise<void>;
}

export async function openNewsroom(): Promise<Newsroom> {
  const routes = new Map<string, Respond>();
  const asked: { path: string; headers: IncomingMessage['headers'] }[] = [];
  let [open, most] = [0, 0];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    asked.push({ path, headers: request.headers });
    most = Math.max(most, ++open);
    response.on('close', () => open--);
    const respond = routes.get(path) ?? routes.get(path.split('?', 1)[0]!);
    if (respond === undefined) response.writeHead(404).end('missing');
    else respond(response, request);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    asked,
    mostAtOnce: () => most,
    on: (path, respond) => void routes.set(path, respond),
    paths: () => asked.map(({ path }) => path).filter((path) => path !== '/robots.txt'),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close').catch(() => undefined);
    },
  };
}

/** Answers with this type and body; with an entity tag it says when nothing has changed. */
export function gives(
  type: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Respond {
  return (response, request) => {
    const { etag } = headers;
    if (etag !== undefined && request.headers['if-none-match'] === etag) {
      response.writeHead(304, { etag }).end();
      return;
    }
    response.writeHead(200, { 'content-type': type, ...headers }).end(body);
  };
}

export const redirects =
  (to: string, status = 302): Respond =>
  (response) =>
    void response.writeHead(status, { location: to }).end();

/** An RSS feed of these links. */
export function rssOf(links: readonly string[]): string {
  const items = links.map(
    (link) =>
      `<item><title>About ${link}</title><link>${link}</link><pubDate>Mon, 09 Nov 2026 08:00:00 GMT</pubDate></item>`,
  );
  return `<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><language>en</language>${items.join('')}</channel></rss>`;
}

/** So many made-up sentences, others for each seed. */
export function prose(seed: number, numSentences = 30): string[] {
  let state = (seed + 1) * 2_654_435_761;
  const next = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const syllables = ['la', 'mo', 'ri', 'ten', 'sa', 'vo', 'ku', 'ne', 'pil', 'dra', 'os', 'em'];
  const word = () => Array.from({ length: 2 + next(2) }, () => syllables[next(12)]!).join('');
  return Array.from(
    { length: numSentences },
    () => `The ${word()} band plays ${word()} with ${word()} and a ${word()} voice.`,
  );
}

/** A page with an article of these sentences. */
export function pageOf(title: string, sentences: readonly string[], head = ''): string {
  const paragraphs = sentences.map((sentence) => `<p>${sentence} It was recorded at home.</p>`);
  return `<!doctype html><html lang="en"><head><title>${title}</title>${head}</head><body><nav><a href="/">Home</a></nav><script>throw new Error('never')</script><article><h1>${title}</h1>${paragraphs.join('')}</article></body></html>`;
}
