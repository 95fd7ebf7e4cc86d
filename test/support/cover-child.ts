/**
 * A process that makes the covers of a namespace's queue, to be killed: its argument is JSON with
 * namespace, home and redisUrl. Says when it has made three.
 */
import { openCovers } from '../../infra/covers.ts';
import { openCoverQueue } from '../../infra/covers/queue.ts';
import { openRedis } from '../../infra/redis.ts';
import { silentLog } from './servers.ts';

async function makeCovers(task: { namespace: string; home: string; redisUrl: string }) {
  const { namespace, home, redisUrl } = task;
  const { client } = await openRedis(redisUrl);
  const covers = openCovers({ home, log: silentLog });
  let made = 0;
  openCoverQueue({ redis: client, namespace, log: silentLog }).makeWith(
    {
      ahead: async (key) => {
        const isNew = await covers.ahead(key);
        if (++made === 3) {
          process.stdout.write('three\n');
          // Until it is killed: a busy parent must not find all of them made.
          await new Promise((resolve) => setTimeout(resolve, 2 ** 30));
        }
        return isNew;
      },
    },
    () => true,
  );
}

void makeCovers(JSON.parse(process.argv[2]!) as Parameters<typeof makeCovers>[0]);
