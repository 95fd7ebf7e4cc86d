import type { EventLog, LoggedTable } from '../../pipelines/intake/log.ts';

/** Characters after which an entry is full: brokers take messages of some megabytes. */
const fullLength = 512 * 1024;

/**
 * Writes the rows of a request down; resolves once all of them are in the log. A large request is
 * cut into several entries of whole rows, which are on their way at the same time.
 *
 * Not an async function: those keep what they were called with until they are done, and a request
 * that waits for the broker shall hold its entries alone.
 *
 * @param lines - rows of the table as NDJSON, each ended
 * @throws what `append` throws; some of the rows may be in the log
 */
export function writeLines(
  events: Pick<EventLog, 'append'>,
  table: LoggedTable,
  lines: readonly string[],
): Promise<void> {
  const entries: Promise<void>[] = [];
  let parts: string[] = [];
  let length = 0;
  lines.forEach((line, n) => {
    parts.push(line);
    length += line.length;
    if (length < fullLength && n < lines.length - 1) return;
    const body = Buffer.from(parts.length === 1 ? line : parts.join(''));
    entries.push(events.append({ table, rows: parts.length, body }));
    parts = [];
    length = 0;
  });
  return Promise.all(entries).then(() => undefined);
}
