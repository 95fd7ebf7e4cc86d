import { once } from 'node:events';
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { z } from 'zod';
import type { WeeklyList } from './lists.ts';

export const zoneEntry = z.object({
  zone: z.string(),
  listeners: z.int(),
  /** Path below the artifact. */
  file: z.string(),
});
export type ZoneEntry = z.infer<typeof zoneEntry>;

/**
 * A list as a line of NDJSON. The two characters that JSON allows in text, but that readers of lines
 * take for an end, are escaped.
 */
export function listLine(list: WeeklyList): string {
  const json = JSON.stringify(list).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
  return `${json}\n`;
}

/**
 * Sorts the lines of the shards into one file for each zone, keeping their order.
 *
 * @param folder - made here, its last part becomes part of the paths
 * @returns ordered by zone
 */
export async function listsByZone(
  shards: readonly string[],
  folder: string,
  signal: AbortSignal,
): Promise<ZoneEntry[]> {
  await mkdir(folder, { recursive: true });
  const open = new Map<string, { stream: WriteStream; entry: ZoneEntry }>();
  try {
    for (const shard of shards) {
      signal.throwIfAborted();
      for await (const line of createInterface({
        input: createReadStream(shard),
        crlfDelay: Infinity,
      })) {
        const { zone } = JSON.parse(line) as { zone: string };
        let found = open.get(zone);
        if (found === undefined) {
          const file = `${zone.replaceAll('/', '~')}.ndjson`;
          found = {
            stream: createWriteStream(join(folder, file)),
            entry: { zone, listeners: 0, file: `${basename(folder)}/${file}` },
          };
          open.set(zone, found);
        }
        found.entry.listeners++;
        if (!found.stream.write(`${line}\n`)) await once(found.stream, 'drain');
      }
    }
  } finally {
    for (const { stream } of open.values()) stream.end();
    await Promise.all([...open.values()].map(({ stream }) => finished(stream)));
  }
  return [...open.values()].map(({ entry }) => entry).sort((a, b) => (a.zone < b.zone ? -1 : 1));
}
