import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { z } from 'zod';
import { openArtifacts } from '../../infra/artifacts.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import type { WorkQueue } from '../../pipelines/ports.ts';
import { Runner } from '../../pipelines/runner.ts';
import { fingerprintOf, step, type Step } from '../../pipelines/step.ts';
import type { Stage } from '../../pipelines/stage.ts';

let root: string;
let ran: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'runner-'));
  ran = [];
});

afterEach(() => rm(root, { recursive: true, force: true }));

const numbers: Stage<{ count: number }> = {
  name: 'numbers',
  version: 1,
  options: z.object({ count: z.number().default(3) }),
  async run({ options, save, report }) {
    ran.push('numbers');
    report.rowsOut(await save('n', `(SELECT range AS n FROM range(${options.count}))`));
    report.dropped('too large', 2);
  },
};

const total: Stage = {
  name: 'total',
  version: 1,
  options: z.object({}),
  async run({ sql, output, report }) {
    ran.push('total');
    const [row] = await sql.rows<{ total: number }>('SELECT sum(n) AS total FROM numbers.n');
    await writeFile(join(output, 'total.txt'), String(row!.total));
    report.rowsIn(1);
  },
};

function runner(concurrency = 2, queue?: WorkQueue): Runner {
  return new Runner({
    ...(queue === undefined ? {} : { queue }),
    artifacts: openArtifacts(root),
    openSql: () => openDuckdb({ threads: 1 }),
    clock: () => 0,
    memoryMb: () => 1,
    concurrency,
    signal: new AbortController().signal,
  });
}

function graph(count = 4): Step {
  return step(total, {}, { numbers: step(numbers, { count }, {}) });
}

test('a stage reads its inputs as views and its artifact appears under its fingerprint', async () => {
  const made = await runner().make(graph());
  expect(await readFile(join(made.folder, 'total.txt'), 'utf8')).toBe('6');
  expect(made.folder).toBe(join(root, 'total', fingerprintOf(graph())));
  expect(ran).toEqual(['numbers', 'total']);
});

test('what is there is not made again, and its funnel is told as reused', async () => {
  await runner().make(graph());
  const second = runner();
  const made = await second.make(graph());
  expect(ran).toEqual(['numbers', 'total']);
  expect(made.funnel.reused).toBe(true);
  expect(second.funnels.map(({ label }) => label)).toEqual(['total']);
});

test('an input that two steps share is made once', async () => {
  const shared = step(numbers, {}, {});
  const both: Step = step(
    total,
    {},
    { numbers: shared, other: step(total, {}, { numbers: shared }) },
  );
  await runner(4).make(both);
  expect(ran.filter((name) => name === 'numbers')).toHaveLength(1);
});

test('other options, another version and other inputs give another fingerprint; key order does not', () => {
  const base = fingerprintOf(step(numbers, { count: 1 }, {}));
  expect(fingerprintOf(step(numbers, { count: 2 }, {}))).not.toBe(base);
  expect(fingerprintOf(step({ ...numbers, version: 2 }, { count: 1 }, {}))).not.toBe(base);
  expect(fingerprintOf(graph(1))).not.toBe(fingerprintOf(graph(2)));
  const loose: Stage<Record<string, number>> = {
    ...(numbers as unknown as Stage<Record<string, number>>),
    options: z.record(z.string(), z.number()),
  };
  expect(fingerprintOf(step(loose, { a: 1, b: 2 }, {}))).toBe(
    fingerprintOf(step(loose, { b: 2, a: 1 }, {})),
  );
});

test('a stage that fails leaves no artifact, and the next run makes it', async () => {
  let broken = true;
  const fragile: Stage = {
    ...total,
    name: 'fragile',
    run: async (context) => {
      await writeFile(join(context.output, 'half.txt'), 'half');
      if (broken) throw new Error('the lights went out');
    },
  };
  const goal = step(fragile, {}, {});
  await expect(runner().make(goal)).rejects.toThrow('the lights went out');
  broken = false;
  const made = await runner().make(goal);
  expect(await readdir(made.folder)).toEqual(['artifact.json', 'half.txt']);
});

test('when a step fails, those beside it have stopped before the error is thrown', async () => {
  const broken: Stage = {
    name: 'broken',
    version: 1,
    options: z.object({}),
    async run() {
      while (!ran.includes('endless')) await nextTick();
      throw new Error('it broke');
    },
  };
  const endless: Stage = {
    name: 'endless',
    version: 1,
    options: z.object({}),
    async run({ signal }) {
      ran.push('endless');
      await once(signal, 'abort');
      await nextTick();
      ran.push('stopped');
      signal.throwIfAborted();
    },
  };
  const goal = step(
    total,
    {},
    {
      endless: step(endless, {}, {}),
      broken: step(broken, {}, { numbers: step(numbers, {}, {}) }),
    },
  );
  await expect(runner().make(goal)).rejects.toThrow('it broke');
  expect([...ran].sort()).toEqual(['endless', 'numbers', 'stopped']);
  expect(ran.at(-1)).toBe('stopped');
  expect(await readdir(root)).not.toContain('endless');
});

test('discarding from a stage forgets it and what depends on it, nothing before it', async () => {
  await runner().make(graph());
  const second = runner();
  await second.discardFrom(graph(), 'total');
  await second.make(graph());
  expect(ran).toEqual(['numbers', 'total', 'total']);
  await expect(runner().discardFrom(graph(), 'nonsense')).rejects.toThrow(
    '--from: expected one of the stages numbers, total, got "nonsense"',
  );
});

test('a file that was changed after it was written is found, and named', async () => {
  const made = await runner().make(graph());
  await writeFile(join(made.folder, 'total.txt'), '7');
  await expect(runner().make(graph())).rejects.toThrow(
    /total\.txt: expected 1 bytes as stage "total" wrote them, got other content; make it again with --from total/,
  );
  await rm(join(made.folder, 'total.txt'));
  await expect(runner().make(graph())).rejects.toThrow(/got no such file/);
});

test('of two processes in one home one makes an artifact, the other waits for it', async () => {
  const release = await openArtifacts(root).claim('total', fingerprintOf(graph()), {
    shared: false,
    signal: new AbortController().signal,
  });
  const both = [runner().make(graph()), runner().make(graph())];
  await until(() => ran.includes('numbers'));
  expect(ran).toEqual(['numbers']);
  release();
  const [first, second] = await Promise.all(both);
  expect(ran).toEqual(['numbers', 'total']);
  expect([first!.funnel.reused, second!.funnel.reused].sort()).toEqual([false, true]);
  expect(first!.content).toBe(second!.content);
  expect(await readdir(join(root, '.locks'))).toEqual([]);
});

test('two processes make the pieces of a shared stage together, and one of them the rest', async () => {
  const queue = queueOf(2);
  const both = await Promise.all(
    ['one', 'other'].map((name) => runner(2, queue).make(step(pieced(name), {}, {}))),
  );
  expect([...ran].sort()).toEqual(['one: piece', 'other: piece', 'rest']);
  expect(both.map(({ funnel }) => funnel.reused).sort()).toEqual([false, true]);
  expect(await readFile(join(both[0]!.folder, 'whole.txt'), 'utf8')).toBe('piece 0, piece 1');
});

test('without a queue a shared stage is made by one process', async () => {
  const both = await Promise.all(
    ['one', 'other'].map((name) => runner().make(step(pieced(name), {}, {}))),
  );
  expect(ran).toHaveLength(3);
  expect(new Set(ran.map((what) => what.split(':')[0])).size).toBe(2); // one of them, and the rest
  expect(await readFile(join(both[0]!.folder, 'whole.txt'), 'utf8')).toBe('piece 0, piece 1');
});

/** A stage of two pieces; `who` is not part of what it makes. */
function pieced(who: string): Stage {
  return {
    name: 'pieced',
    version: 1,
    options: z.object({}),
    resumable: true,
    isShared: true,
    async run({ output, queue, alone, fingerprint, signal }) {
      const fileOf = (piece: number) => join(output, `${piece}.txt`);
      const missing = async () => {
        const there = await readdir(output);
        return [0, 1].filter((piece) => !there.includes(`${piece}.txt`));
      };
      const make = async (piece: number) => {
        ran.push(`${who}: piece`);
        await writeFile(fileOf(piece), `piece ${piece}`);
      };
      await queue?.share({ name: fingerprint, missing, make, lanes: 1, signal });
      if (!(await alone())) return;
      for (const piece of await missing()) await make(piece);
      ran.push('rest');
      const pieces = await Promise.all([0, 1].map((piece) => readFile(fileOf(piece), 'utf8')));
      await writeFile(join(output, 'whole.txt'), pieces.join(', '));
    },
  };
}

/** Hands each of so many processes one piece, when all of them are there. */
function queueOf(processes: number): WorkQueue {
  let here = 0;
  return {
    async share({ make, missing }) {
      const piece = here++;
      await until(() => here === processes);
      await make(piece);
      while ((await missing()).length > 0) await nextTick();
    },
  };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await nextTick();
}

test('a run that is aborted starts no further stage', async () => {
  const stopped = new Runner({
    artifacts: openArtifacts(root),
    openSql: () => openDuckdb({ threads: 1 }),
    clock: () => 0,
    memoryMb: () => 1,
    signal: AbortSignal.abort(new Error('enough')),
  });
  await expect(stopped.make(graph())).rejects.toThrow('enough');
  expect(ran).toEqual([]);
});
