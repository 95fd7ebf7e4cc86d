import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
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
