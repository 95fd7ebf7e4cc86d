import { withoutUsers } from '../../pipelines/delivery/erased.ts';
import type { Rabbit } from '../rabbit.ts';
import { batchBytes, parseBatch } from '../rabbit/message.ts';
import type { NameFinder } from './names.ts';

/** Takes a listener out of batches that wait and of dead letters. @returns messages changed or gone */
export async function eraseFromQueues(rabbit: Rabbit, finder: NameFinder): Promise<number> {
  const users = new Set([finder.listener]);
  return rabbit.rewriteQueues(
    (content) => {
      if (!content.includes(finder.listener)) return 'same';
      const batch = parseBatch(content);
      // Nobody can deliver what cannot be read; the ledger has it as failed.
      if (typeof batch === 'string') return finder.isInBytes(content) ? 'gone' : 'same';
      const without = withoutUsers(batch, users);
      return without === batch ? 'same' : batchBytes(without);
    },
    (reason) => finder.without(reason),
  );
}

/** Where messages name a listener. Looking puts each message to the end of its queue. */
export async function searchQueues(rabbit: Rabbit, finder: NameFinder): Promise<string[]> {
  let found = 0;
  await rabbit.rewriteQueues(
    (content) => {
      if (finder.isInBytes(content)) found++;
      return 'same';
    },
    (reason) => {
      if (finder.isIn(reason)) found++;
      return reason;
    },
  );
  return found === 0 ? [] : [`RabbitMQ: ${found} messages`];
}
