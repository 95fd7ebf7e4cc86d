import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { acquireLock, withLock } from '../../infra/servers/lock.ts';
import { withoutPassword } from '../../infra/servers/ping.ts';
import {
  endProcess,
  isAlive,
  parseStat,
  readPidFile,
  startDetached,
  startTimeOf,
} from '../../infra/servers/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'mondaymix-process-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['amqp://guest:guest@127.0.0.1:5672', 'amqp://guest@127.0.0.1:5672'],
  ['amqps://me:p@ss/word@host/vhost?heartbeat=5', 'amqps://me@host/vhost'],
  ['redis://:secret@host:6379', 'redis://host:6379'],
  ['mongodb+srv://me:s%40@a.example,b.example/db', 'mongodb+srv://me@a.example,b.example/db'],
  ['mongodb://a.example:1,b.example:2/db', 'mongodb://a.example:1,b.example:2/db'],
  ['redis://host/0?password=secret', 'redis://host/0'],
])('%s is shown as %s', (url, shown) => {
  expect(withoutPassword(url)).toBe(shown);
});

describe('processes', () => {
  test('whose names hold spaces and parentheses are still told apart', () => {
    const fields = Array.from({ length: 30 }, (_, index) => String(index + 4));
    const line = `42 (a) R (b c) Z ${fields.join(' ')}`;
    // Field 22 of proc(5) is the start time; the list above begins with field 4.
    expect(parseStat(line)).toEqual({ state: 'Z', startTicks: '22' });
    expect(parseStat('nonsense')).toBeUndefined();
  });

  test('write who they are, stay, and are ended by that', async () => {
    const pidFile = join(folder, 'sleeper.pid');
    startDetached({
      program: 'sh',
      args: ['-c', 'echo "$GREETING"; exec sleep 600'],
      env: { GREETING: 'hello you' },
      cwd: folder,
      logFile: join(folder, 'sleeper.log'),
      pidFile,
    });
    let sleeper = readPidFile(pidFile);
    while (!sleeper) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      sleeper = readPidFile(pidFile);
    }
    expect(await isAlive(sleeper)).toBe(true);
    expect(await startTimeOf(sleeper.pid)).toBe(sleeper.startedAt);
    while (readFileSync(join(folder, 'sleeper.log'), 'utf8') !== 'hello you\n') {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const namesake = { pid: sleeper.pid, startedAt: 'another day' };
    expect(await endProcess(namesake, 1_000)).toBe(false);
    expect(await isAlive(sleeper)).toBe(true);
    expect(await endProcess(sleeper, 10_000)).toBe(true);
    expect(await isAlive(sleeper)).toBe(false);
    expect(await endProcess(sleeper, 10_000)).toBe(false);
  });

  test('of a pid file that is absent or broken are nobody', async () => {
    writeFileSync(join(folder, 'broken.pid'), 'half');
    expect(readPidFile(join(folder, 'broken.pid'))).toBeUndefined();
    expect(readPidFile(join(folder, 'absent.pid'))).toBeUndefined();
    expect(await isAlive(undefined)).toBe(false);
  });
});

describe('a lock', () => {
  test('is held by one at a time, and released once', async () => {
    const file = join(folder, 'one.lock');
    const lock = await acquireLock(file);
    await expect(acquireLock(file)).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining(`held by process ${process.pid}`),
    });
    lock.release();
    lock.release();
    (await acquireLock(file)).release();
  });

  test('lets ten workers do their work one after the other', async () => {
    const file = join(folder, 'ten.lock');
    let inside = 0;
    let done = 0;
    const work = async () => {
      expect(++inside).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside--;
      done++;
    };
    await Promise.all(Array.from({ length: 10 }, () => withLock(file, { waitMs: 60_000 }, work)));
    expect(done).toBe(10);
    expect(readdirSync(folder).filter((name) => name.startsWith('ten.lock'))).toEqual([]);
  });

  test('of a process that is gone is taken over, by one of those who wait', async () => {
    const file = join(folder, 'stale.lock');
    writeFileSync(file, JSON.stringify({ pid: process.pid, startedAt: 'long ago', id: 'x' }));
    const taken = await Promise.allSettled([acquireLock(file), acquireLock(file)]);
    expect(taken.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    for (const result of taken) if (result.status === 'fulfilled') result.value.release();
  });
});
