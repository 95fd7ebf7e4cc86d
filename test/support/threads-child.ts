import { openThreads } from '../../infra/threads.ts';

/** Uses threads and says so; ends by itself, though nobody disposes of them. */
async function main(): Promise<void> {
  const tasks = new URL('thread-tasks.ts', import.meta.url).href;
  const squares = await openThreads({ size: 2 }).map(tasks, 'square', [1, 2, 3]);
  process.stdout.write(JSON.stringify(squares));
}

await main();
