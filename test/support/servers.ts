import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pRetry from 'p-retry';
import { readConfig } from '../../infra/config.ts';
import { ensureServers, type ServerUrls } from '../../infra/servers/index.ts';
import type { Log } from '../../pipelines/ports.ts';

const PROJECT = resolve(import.meta.dirname, '..', '..');

/** The home of the servers that all tests share; `MONDAYMIX_TEST_HOME` puts it elsewhere. */
export const testHome = resolve(
  process.env['MONDAYMIX_TEST_HOME'] ?? join(PROJECT, '.mondaymix', 'test'),
);

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

/**
 * Starts servers. On a busy machine they may take longer than one start waits; the next waits for
 * the same.
 */
export function patiently<Servers>(start: () => Promise<Servers>): Promise<Servers> {
  return pRetry(start, { retries: 5 });
}

let shared: Promise<ServerUrls & { home: string }> | undefined;

/**
 * Real servers for a test file: started by the first test that asks, found by all others, in any
 * process, and left running (`.ci/run` ends them). Their data is everybody's: a test takes names of
 * its own, for instance a namespace with `randomUUID()` in it, and removes what it made.
 */
export function sharedServers(): Promise<ServerUrls & { home: string }> {
  shared ??= start();
  return shared;
}

async function start(): Promise<ServerUrls & { home: string }> {
  mkdirSync(testHome, { recursive: true });
  const config = readConfig({ home: testHome });
  const servers = await patiently(() => ensureServers(config, silentLog));
  return { ...servers, home: testHome };
}
