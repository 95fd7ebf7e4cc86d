import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { openMongo, reaching } from '../../infra/mongo.ts';
import { openDoor } from '../faults/door.ts';
import { sharedServers } from '../support/servers.ts';

jest.setTimeout(600_000);

const cuts = 12;

// Without `keepMonitoring` about every second cut was for ever: a heartbeat went out on a
// connection that was closing, and the driver waits for it without end.
test('a client whose connections all break at once comes back each time', async () => {
  const door = await openDoor((await sharedServers()).mongodbUrl);
  const mongo = await openMongo({
    url: door.url,
    database: `t${randomUUID().slice(0, 8)}`,
    patienceMs: 2000,
  });
  const collection = mongo.db.collection<{ _id: number }>('calls');
  // Answers under way while the connections break are what it takes.
  door.delay(5);
  let answered = 0;
  let isOver = false;
  const callers = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      await reaching(() => collection.findOne({ _id: 1 })).then(
        () => answered++,
        () => pause(50),
      );
    }
  });
  const answers = async (count: number) => {
    const from = answered;
    while (answered < from + count) await pause(5);
  };
  let back = 0;
  for (let cut = 0; cut < cuts; cut++) {
    await answers(20 + 7 * cut);
    door.shut();
    await pause(100);
    door.open();
    await answers(8);
    back++;
  }
  isOver = true;
  await Promise.all(callers);
  expect(back).toBe(cuts);
  await mongo.dispose();
  await door.dispose();
});
