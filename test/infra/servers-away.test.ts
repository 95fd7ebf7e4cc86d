import { expect, test } from '@jest/globals';
import { jobIdOf } from '../../infra/calendar.ts';
import { openMongo } from '../../infra/mongo.ts';
import { openRabbit } from '../../infra/rabbit.ts';
import { openRedis } from '../../infra/redis.ts';
import type { Mistake } from '../../model/mistake.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

// Nothing listens on port 1.
test.each<[string, () => Promise<unknown>]>([
  [
    'MongoDB at mongodb://me@127.0.0.1:1',
    () => openMongo({ url: 'mongodb://me:secret@127.0.0.1:1', database: 'x', patienceMs: 3000 }),
  ],
  ['Redis at redis://me@127.0.0.1:1', () => openRedis('redis://me:secret@127.0.0.1:1')],
  [
    'RabbitMQ at amqp://me@127.0.0.1:1',
    () => openRabbit({ url: 'amqp://me:secret@127.0.0.1:1', namespace: 'x', log }),
  ],
])('a server that is down is named without its password: %s', async (name, open) => {
  const error = await open().then(
    () => undefined,
    (refused: unknown) => refused as Mistake,
  );
  expect(error?.code).toBe('SERVER_DOWN');
  expect(error?.message.startsWith(`${name}: expected a server, got "`)).toBe(true);
  expect(error?.message).toContain('ECONNREFUSED');
  expect(error?.message).not.toMatch(/secret|\n/);
});

test('a job id holds no colon and is never a number', () => {
  expect(jobIdOf('2014-W36:Etc/GMT+5:1')).toBe('zone-2014-W36_Etc/GMT+5_1');
});
