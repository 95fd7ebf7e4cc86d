import type { ListenerOfShard, ListInputs, ListMakers } from '../pipelines/list-making.ts';
import type { ListShard } from '../pipelines/list-shard.ts';
import { setDeterministic } from './tensorflow.ts';
import { openThreads, type ThreadsOptions } from './threads.ts';

/** Lists made on worker threads, which share one copy of the inputs; see `openThreads`. */
export function openListMakers(
  inputs: ListInputs,
  options: Omit<ThreadsOptions, 'data'> = {},
): ListMakers {
  setDeterministic();
  const threads = openThreads({ ...options, data: inputs });
  const module = new URL('./threads/make-lists.ts', import.meta.url).href;
  return {
    size: threads.size,
    async make(shard: readonly ListenerOfShard[]): Promise<ListShard> {
      const [made] = await threads.map<typeof shard, ListShard>(module, 'makeShard', [shard]);
      return made!;
    },
    dispose: () => threads.dispose(),
  };
}
