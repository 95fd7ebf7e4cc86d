/**
 * How fast the best items of each listener are found, and how many of them:
 *
 *     npm run bench:retrieval [-- --sizes 10000,100000,1000000 --factors 32 --gowalla]
 *
 * On planted factors (test/support/planted-factors.ts), as many items as listeners, k 200, two
 * threads for the plan and one to find with. Recall@200 is that of 1,000 random listeners against
 * exact scoring. Above 200,000 listeners those of every so-manieth group are asked for, at least
 * 50,000 of them, as the line says; the plan is always of all. `--gowalla` does the same with
 * factors that `factorizeFast` learns from the real places of Gowalla, every listener asked.
 *
 * Microseconds are of a processor, the plan's over all its threads; their sum is what a listener
 * costs.
 */
import { parseArgs } from 'node:util';
import { loadKernels } from '../../infra/kernels.ts';
import { openThreads } from '../../infra/threads.ts';
import { factorizeFast } from '../../model/als-fast.ts';
import type { Factors } from '../../model/candidates/listener.ts';
import { Mistake } from '../../model/mistake.ts';
import type { Threads } from '../../model/recommend/recommender.ts';
import { identity } from '../../model/retrieval/packed-items.ts';
import {
  planRetrieval,
  type RetrievalOptions,
  type RetrievalPlan,
} from '../../model/retrieval/plan.ts';
import { recallAgainstExact } from '../../model/retrieval/recall.ts';
import { Retriever } from '../../model/retrieval/retriever.ts';
import { plantedFactors } from '../support/planted-factors.ts';
import { readGowalla } from './gowalla.ts';

const k = 200;
const askedAtOnce = 1000;
const askAllTo = 200_000;
const askAtLeast = 50_000;

interface Means {
  readonly kernels: WebAssembly.Module;
  readonly threads: Threads;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: '10000,100000,1000000' },
      factors: { type: 'string', default: '32' },
      noise: { type: 'string', default: '0.5' },
      recall: { type: 'string', default: '0.98' },
      group: { type: 'string', default: '1024' },
      gowalla: { type: 'boolean', default: false },
    },
  });
  const threads = openThreads({ size: 2 });
  const means = { kernels: await loadKernels(), threads };
  const options = { k, recall: Number(values.recall), groupSize: Number(values.group) };
  try {
    if (values.gowalla) {
      const matrix = await readGowalla();
      for (const factors of [32, 64]) {
        const learned = await factorizeFast(
          matrix,
          { factors, alpha: 10, regularization: 1 },
          means,
        );
        const [listeners, items] = [learned.userFactors, learned.itemFactors].map(
          (side): Factors => ({
            numRows: side.length / factors,
            numFactors: factors,
            values: side,
          }),
        );
        const always = { ...options, exactItems: 0, exactProducts: 0 };
        await measure(`Gowalla, ${factors} factors`, listeners!, items!, always, means);
      }
      return;
    }
    for (const size of values.sizes.split(',').map(Number)) {
      const { listeners, items } = plantedFactors({
        numListeners: size,
        numItems: size,
        numFactors: Number(values.factors),
        noise: Number(values.noise),
      });
      const name = `${inWords(size)} x ${inWords(size)}, ${values.factors} factors`;
      await measure(name, listeners, items, options, means);
    }
  } finally {
    await threads.dispose();
  }
}

async function measure(
  name: string,
  listeners: Factors,
  items: Factors,
  options: RetrievalOptions,
  means: Means,
): Promise<void> {
  const rows = identity(items.numRows);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const plan = await planRetrieval(listeners, items, rows, options, means);
  const planSeconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const planMicros = (user + system) / listeners.numRows;

  const asked = askedOf(plan);
  const retriever = new Retriever(plan, listeners, items, means.kernels);
  const before = process.cpuUsage();
  for (let from = 0; from < asked.length; from += askedAtOnce) {
    retriever.find(asked.subarray(from, from + askedAtOnce), k);
  }
  const after = process.cpuUsage(before);
  const findMicros = (after.user + after.system) / asked.length;
  const rssMb = process.memoryUsage().rss / 2 ** 20;
  const recall = recallAgainstExact(plan, listeners, items, rows, means.kernels, { k });

  const pools = Array.from(
    plan.poolStart.subarray(1),
    (end, group) => end - plan.poolStart[group]!,
  );
  pools.sort((a, b) => a - b);
  const quantile = (share: number): string =>
    inWords(pools[Math.min(pools.length - 1, Math.floor(share * pools.length))]!);
  const perListener = planMicros + findMicros;
  process.stdout.write(
    `${name}\n` +
      `  plan: ${planSeconds.toFixed(1)} s, ${planMicros.toFixed(1)} µs a listener, ` +
      `${inWords(pools.length)} groups in ${plan.regionStart.length - 1} regions\n` +
      `  pools: median ${quantile(0.5)}, nine in ten up to ${quantile(0.9)}, ` +
      `largest ${quantile(1)} of ${inWords(items.numRows)} items\n` +
      `  find: ${findMicros.toFixed(1)} µs a listener, ${inWords(asked.length)} asked\n` +
      `  together ${perListener.toFixed(1)} µs a listener: ` +
      `${inWords(Math.round(2e6 / perListener))} a second on two processors\n` +
      `  recall@${k}: mean ${share(recall.mean)}, one in ten below ${share(recall.tenth)}, ` +
      `least ${share(recall.least)}, of ${inWords(recall.numListeners)} listeners\n` +
      `  memory: ${rssMb.toFixed(0)} MB, the plan ${(bytesOf(plan) / 2 ** 20).toFixed(0)} MB of it\n`,
  );
}

/** All listeners, or those of groups spread evenly over the plan. */
function askedOf({ order, groupStart }: RetrievalPlan): Int32Array {
  if (order.length <= askAllTo) return order;
  const every = Math.floor(order.length / askAtLeast);
  const asked: number[] = [];
  for (let group = 0; group + 1 < groupStart.length; group += every) {
    asked.push(...order.subarray(groupStart[group], groupStart[group + 1]));
  }
  return Int32Array.from(asked);
}

function bytesOf(plan: RetrievalPlan): number {
  const arrays = Object.values(plan).filter((value) => ArrayBuffer.isView(value));
  return arrays.reduce((sum, array) => sum + array.byteLength, 0);
}

function share(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

function inWords(value: number): string {
  return value.toLocaleString('en-US');
}

main().catch((error: unknown) => {
  if (!(error instanceof Mistake)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
