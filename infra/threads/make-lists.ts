import { workerData } from 'node:worker_threads';
import { ShardMaker, type ListenerOfShard, type ListInputs } from '../../pipelines/list-making.ts';
import type { ListShard } from '../../pipelines/list-shard.ts';
import { loadKernels } from '../kernels.ts';
import { loadTensorflow } from '../tensorflow.ts';

let maker: Promise<ShardMaker> | undefined;

/** Runs on a thread of `openListMakers`, whose data are the inputs. */
export async function makeShard(shard: readonly ListenerOfShard[]): Promise<ListShard> {
  maker ??= openMaker(workerData as ListInputs);
  return (await maker).make(shard);
}

async function openMaker(inputs: ListInputs): Promise<ShardMaker> {
  const engines = { tf: await loadTensorflow(), kernels: await loadKernels() };
  return new ShardMaker(inputs, { ...engines, clock: () => performance.now() });
}
