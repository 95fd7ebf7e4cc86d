import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openEventLog } from '../../infra/event-log.ts';
import { askLake, listen, ndjson } from '../support/intake.ts';
import { sharedServers, silentLog } from '../support/servers.ts';
import { temporaryFolder } from '../support/sources.ts';

const projectFolder = join(import.meta.dirname, '../..');
let root: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  root = temporaryFolder();
});
afterEach(() => root.remove());

const count = () =>
  askLake<{ rows: number }>(root.path, 'listens', (t) => `SELECT count(*) AS rows FROM ${t}`).then(
    ([row]) => row!.rows,
  );

test('npx mondaymix ingest takes what is there, or goes on until it is stopped', async () => {
  const { rabbitmqUrl } = await sharedServers();
  const namespace = `t${randomUUID().slice(0, 8)}`;
  const events = openEventLog({ namespace }, { rabbitmqUrl }, silentLog, { patienceMs: 300_000 });
  const append = (n: number) =>
    events.append({ table: 'listens', rows: 1, body: ndjson([listen(n)]) });
  const ingest = (...args: string[]) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'workers/cli.ts', '--home', root.path, 'ingest', ...args],
      {
        cwd: projectFolder,
        env: {
          ...process.env,
          RABBITMQ_URL: rabbitmqUrl,
          MONDAYMIX_NAMESPACE: namespace,
          KAFKA_BROKERS: '',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk) => (said.out += String(chunk)));
    child.stderr.on('data', (chunk) => (said.err += String(chunk)));
    return { child, said, closed: once(child, 'close') as Promise<[number | null]> };
  };

  await Promise.all([append(0), append(1), append(1)]);
  const first = ingest('--once', '--json');
  expect([(await first.closed)[0], first.said.err]).toEqual([0, '']);
  expect(JSON.parse(first.said.out)).toMatchObject({ rows: 3, added: 2, repeated: 1, rejected: 0 });
  expect(await count()).toBe(2);

  const second = ingest();
  await append(2);
  while ((await count()) < 3) await pause(100);
  // One is enough for a home.
  const third = ingest('--once');
  const [code] = await third.closed;
  expect([code, third.said.err]).toEqual([1, expect.stringMatching(/^mondaymix: taking the log/)]);
  second.child.kill('SIGTERM');
  expect((await second.closed)[0]).toBe(0);
  expect(await count()).toBe(3);
  await events.dispose();
}, 600_000);
