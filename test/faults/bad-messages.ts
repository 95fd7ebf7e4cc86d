import amqp from 'amqplib';
import { dropDeadLetters, retryDeadLetters } from '../../workers/dead-letters.ts';
import { checkDeadLetters } from './check.ts';
import type { Fault } from './faults.ts';
import { settled, type Run } from './run.ts';

/** Messages among the good ones that are no batches. */
export const cannotBeParsed: Fault = {
  name: 'message that cannot be parsed',
  weight: 5,
  async strike({ watching, servers, week, random }) {
    const { exchange, routingKey } = watching.rabbit.topology;
    const connection = await amqp.connect(servers.direct.rabbitmqUrl);
    const channel = await connection.createConfirmChannel();
    const noise = Buffer.from(Array.from({ length: 200 }, () => random.int(256)));
    const headers = { order: `${week}:Asia/Pontianak:1`, batch: 3, week, zone: 'Asia/Pontianak' };
    channel.publish(exchange, routingKey, noise, { persistent: true });
    channel.publish(exchange, routingKey, Buffer.from('{"v":1,"order":{}}'), {
      persistent: true,
      headers: { ...headers, lists: 7 },
    });
    await channel.waitForConfirms();
    await connection.close();
  },
  async after(run) {
    await checkDeadLetters(run, [/expected a batch/, /expected a batch/]);
    const dealing = { ...run.watching, clock: run.clock };
    const again = await retryDeadLetters(dealing, { zone: 'Asia/Pontianak' });
    if (again.failed.length !== 1) run.complain(`retried: ${JSON.stringify(again)}`);
    await reaches(run, 2);
    const { dropped } = await dropDeadLetters(dealing, {}, { by: 'the faults', why: 'a test' });
    if (dropped.length !== 2) run.complain(`${dropped.length} of 2 were dropped`);
    await checkDeadLetters(run, []);
  },
};

/** A batch of which one list cannot be stored: something else lies in its place. */
export const alwaysFails: Fault = {
  name: 'message that always fails',
  weight: 5,
  async prepare(run) {
    const _id = await somebody(run);
    // Without the fields that every list has.
    await run.watching.playlists.collection.insertOne({ _id } as never);
  },
  strike: () => Promise.resolve(),
  async after(run) {
    await checkDeadLetters(run, [/Error: /]);
    const _id = await somebody(run);
    await run.watching.playlists.collection.deleteOne({ _id });
    const again = await retryDeadLetters({ ...run.watching, clock: run.clock }, {});
    if (again.delivered.length !== 1) run.complain(`retried: ${JSON.stringify(again)}`);
    await settled(run);
    await checkDeadLetters(run, []);
  },
};

/** The list that lies in the way: `user:week` of the first listener of the second zone. */
async function somebody({ lists, week }: Run): Promise<string> {
  for await (const { user } of lists.read(lists.zones[1]!.zone)) return `${user}:${week}`;
  throw new Error('nobody there');
}

/** Until so many dead letters are there: the ledger has them before the queue. */
async function reaches({ watching, servers }: Run, count: number): Promise<void> {
  const connection = await amqp.connect(servers.direct.rabbitmqUrl);
  const channel = await connection.createChannel();
  while ((await channel.checkQueue(watching.rabbit.topology.deadQueue)).messageCount < count);
  await connection.close();
}
