import type { AssemblyOptions } from '../model/assembly/candidates.ts';
import type { CandidateOptions } from '../model/candidates/generate.ts';
import type { Tensorflow } from '../model/ranker/network.ts';
import type { Ranker } from '../model/ranker/ranker.ts';
import type { WorksNotListed } from './heard.ts';
import type { Clock } from './ports.ts';
import { ListEncoder, type ListReferences } from './list-encoder.ts';
import { ListMaker } from './list-maker.ts';
import { listShard, type ListShard } from './list-shard.ts';
import type { WorldRetrieval } from './retrieval.ts';
import { openWorld } from './world.ts';
import type { WorldColumns } from './world-columns.ts';

/** All that the lists of a week are made from: plain, its arrays over shared memory. */
export interface ListInputs {
  readonly world: WorldColumns;
  readonly retrieval: WorldRetrieval;
  readonly notListed: WorksNotListed;
  readonly references: ListReferences;
  readonly candidates: CandidateOptions;
  readonly assembly: AssemblyOptions;
  readonly ranker: Ranker;
  /** Version of the ranker. */
  readonly model: string;
}

/** Makes the lists of some listeners at a time, on one thread or on several. */
export interface ListMakers {
  /** Shards that are made at a time. */
  readonly size: number;
  /** The same listeners, the same bytes, whoever makes them. */
  make(shard: readonly ListenerOfShard[]): Promise<ListShard>;
  dispose(): Promise<void>;
}

/** Who a list is for. */
export interface ListenerOfShard {
  /** `listener_ix` */
  readonly index: number;
  readonly user: string;
  /** IANA name. */
  readonly zone: string;
}

export type OpenListMakers = (inputs: ListInputs) => ListMakers;

/** What lists are computed with. */
export interface ListEngines {
  readonly tf: Tensorflow;
  readonly kernels: WebAssembly.Module;
  /** To count seconds with; default: none are counted. */
  readonly clock?: Clock;
}

/** Makes lists on the thread that calls. */
export class ShardMaker {
  readonly #maker: ListMaker;
  readonly #encoder: ListEncoder;
  readonly #size: number;
  readonly #clock: Clock | undefined;

  constructor(inputs: ListInputs, { tf, kernels, clock }: ListEngines) {
    const world = openWorld(inputs.world, { ...inputs.retrieval, kernels });
    this.#clock = clock;
    this.#maker = new ListMaker({ ...inputs, world, tf, ...(clock && { clock }) });
    this.#encoder = new ListEncoder(inputs.references);
    this.#size = inputs.assembly.size;
  }

  /** Who would get a list that is too short gets none. */
  make(shard: readonly ListenerOfShard[]): ListShard {
    const before = this.#maker.seconds;
    const chosen = this.#maker.choose(Int32Array.from(shard, ({ index }) => index));
    const lists = shard
      .map(({ user, zone }, n) => ({ user, zone, chosen: chosen[n]! }))
      .filter(({ chosen }) => chosen.tracks.length === this.#size);
    const chosenAt = this.#clock?.() ?? 0;
    const made = listShard(lists, this.#encoder);
    const { counts } = made.about;
    if (this.#clock === undefined) return made;
    for (const [step, seconds] of Object.entries(this.#maker.seconds)) {
      counts.seconds[step] = seconds - before[step as keyof typeof before];
    }
    counts.seconds['encoding'] = (this.#clock() - chosenAt) / 1000;
    return made;
  }
}

/** What is loaded when the first shard is made. */
export function makersOnThisThread({
  loadTensorflow,
  loadKernels,
}: {
  readonly loadTensorflow: () => Promise<Tensorflow>;
  readonly loadKernels: () => Promise<WebAssembly.Module>;
}): OpenListMakers {
  return (inputs) => {
    let maker: Promise<ShardMaker> | undefined;
    return {
      size: 1,
      async make(shard) {
        maker ??= Promise.all([loadTensorflow(), loadKernels()]).then(
          ([tf, kernels]) => new ShardMaker(inputs, { tf, kernels }),
        );
        return (await maker).make(shard);
      },
      dispose: () => Promise.resolve(),
    };
  };
}
