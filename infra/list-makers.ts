import { randomUUID } from 'node:crypto';
import type { ListenerOfShard, ListInputs, ListMakers } from '../pipelines/list-making.ts';
import type { ListShard } from '../pipelines/list-shard.ts';
import { setDeterministic } from './tensorflow.ts';
import { openThreads, type ThreadsOptions } from './threads.ts';
import type { ListTask } from './threads/make-lists.ts';

/** Lists made on worker threads, which share one copy of the inputs; see `openThreads`. */
export function openListMakers(inputs: ListInputs, options: ThreadsOptions = {}): ListMakers {
  setDeterministic();
  const threads = openThreads(options);
  const module = new URL('./threads/make-lists.ts', import.meta.url).href;
  const key = randomUUID();
  return {
    size: threads.size,
    async make(shard: readonly ListenerOfShard[]): Promise<ListShard> {
      const task: ListTask = { key, inputs, shard };
      const [made] = await threads.map<ListTask, ListShard>(module, 'makeShard', [task]);
      return made!;
    },
    dispose: () => threads.dispose(),
  };
}
