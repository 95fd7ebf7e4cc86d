import type { Crawling } from './visit.ts';
import { sendUnsent } from './take.ts';

const dayMs = 24 * 3_600_000;

/**
 * Forgets sources that the file names no more, once nobody has visited them for `rememberDays`: what
 * of them is unsent is sent, then their pages, articles and state go.
 *
 * @param named - the sources of the file, by name
 */
export async function forgetRemoved(
  { book, events, clock, log, rememberDays }: Crawling,
  named: ReadonlySet<string>,
): Promise<void> {
  const before = clock() - rememberDays * dayMs;
  for (const { name, visitedAt } of await book.states()) {
    if (named.has(name) || visitedAt === null || visitedAt >= before) continue;
    await sendUnsent({ book, log: events }, name);
    const forgotten = await book.forgetSource(name, before);
    if (forgotten.pages + forgotten.articles === 0) continue;
    log.info({ source: name, ...forgotten }, 'forgot a source that is no longer crawled');
  }
}
