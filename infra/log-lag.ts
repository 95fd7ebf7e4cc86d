import { Mistake } from '../model/mistake.ts';
import type { LogReader } from '../pipelines/intake/log.ts';
import type { LogLag } from '../pipelines/sources/status.ts';

/**
 * How far the lake is behind the log: what the broker has from the oldest entry on that the lake has
 * not.
 *
 * @param held - up to which entry the lake holds it; undefined: it holds none
 * @param now - milliseconds since 1970
 * @throws Mistake `SERVER_DOWN`; `SOURCE_MISSING` where the log is shorter than what the lake holds of
 *   it; what the signal aborts with
 */
export async function readLogLag(
  reader: LogReader,
  held: number | undefined,
  now: number,
  signal: AbortSignal,
): Promise<LogLag> {
  const last = await reader.last(signal);
  if (held !== undefined && last < held) {
    throw new Mistake(
      'SOURCE_MISSING',
      `the log ${reader.name}: expected entry ${held}, which the lake holds, got a log that ends at ${last}: the broker has lost its log, or it is another broker`,
    );
  }
  const none = { entries: 0, seconds: 0 };
  if (last <= (held ?? -1)) return none;
  for await (const { offset, rows, arrivedMs } of reader.read((held ?? -1) + 1, signal)) {
    if (rows > 0) {
      const seconds = Math.max(0, Math.round((now - arrivedMs) / 1000));
      return { entries: Math.max(1, last - offset), seconds };
    }
    // Entries without rows only mark places.
    if (offset >= last) break;
  }
  return none;
}
