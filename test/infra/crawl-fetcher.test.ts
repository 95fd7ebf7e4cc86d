import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openFetcher } from '../../infra/crawl/fetcher.ts';
import type { Hosts } from '../../infra/crawl/hosts.ts';
import type { Robots } from '../../infra/crawl/robots.ts';

const signal = new AbortController().signal;
const everything: Robots = { ask: () => Promise.resolve({ kind: 'allowed', crawlDelayMs: 3000 }) };
let server: Server;
let host: string;

beforeEach(async () => {
  server = createServer(({ url }, response) => {
    if (url === '/reset') response.destroy();
    else response.writeHead(200, { 'content-type': 'text/html' }).end('x'.repeat(5000));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

function fetcherWith(hosts: Hosts, robots: Robots) {
  const fetcher = openFetcher({
    ...{ hosts, robots, clock: () => 0, contact: 'mailto:a@b.example', delayMs: 2000 },
    ...{ privateHosts: [host], limits: { maxPageBytes: 1000 } },
  });
  return (path: string) =>
    fetcher.fetch(
      { url: `http://${host}${path}`, want: 'page', etag: null, lastModified: null },
      signal,
    );
}

test.each([
  ['that broke off', '/reset', 'failed'],
  ['whose answer is too large', '/large', 'refused'],
])('after a request %s its host has its pause as after others', async (_, path, kind) => {
  const rests: number[] = [];
  const fetchPath = fetcherWith(
    {
      async turn(_host, ask) {
        const result = await ask();
        rests.push(result.restMs);
        return result;
      },
    },
    everything,
  );
  expect(await fetchPath(path)).toMatchObject({ kind });
  expect(rests).toEqual([3000]);
});

test('that our servers are away is not held against the robots.txt of a host', async () => {
  const away = Object.assign(new Error('no answer'), { name: 'Unavailable' });
  const answers: unknown[] = [];
  const fetchPath = fetcherWith(
    { turn: () => Promise.reject(away) },
    {
      async ask(url, fetchRobots) {
        answers.push(await fetchRobots(new URL('/robots.txt', url)));
        return { kind: 'disallowed' };
      },
    },
  );
  await expect(fetchPath('/')).rejects.toThrow('no answer');
  expect(answers).toEqual([]);
});
