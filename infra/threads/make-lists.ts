import { ShardMaker, type ListenerOfShard, type ListInputs } from '../../pipelines/list-making.ts';
import type { ListShard } from '../../pipelines/list-shard.ts';
import { loadKernels } from '../kernels.ts';
import { loadTensorflow } from '../tensorflow.ts';

export interface ListTask {
  /** The same for the same inputs: they are opened once. */
  readonly key: string;
  readonly inputs: ListInputs;
  readonly shard: readonly ListenerOfShard[];
}

let opened: { readonly key: string; readonly maker: ShardMaker } | undefined;

/** Runs on a thread of `openListMakers`. */
export async function makeShard({ key, inputs, shard }: ListTask): Promise<ListShard> {
  if (opened?.key !== key) {
    const engines = {
      ...{ tf: await loadTensorflow(), kernels: await loadKernels() },
      clock: () => performance.now(),
    };
    opened = { key, maker: new ShardMaker(inputs, engines) };
  }
  return opened.maker.make(shard);
}
