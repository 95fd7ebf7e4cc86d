import { join } from 'node:path';
import { Mistake } from '../../model/mistake.ts';
import type { HeldFile, Lake, LakeUpdate } from '../lake.ts';
import type { Clock, Log, Sql } from '../ports.ts';
import { quoted } from '../sql.ts';
import { compact, nextMerge, type CompactOptions } from './compact.ts';
import { logSource, type ArrivedEntry, type LogReader } from './log.ts';
import { Spool } from './spool.ts';
import { takeIn, type TakenIn } from './take-in.ts';

export interface SinkOptions {
  readonly reader: LogReader;
  readonly lake: Lake;
  /** A session of its own. */
  readonly sql: Sql;
  /** Folder for batches that are on their way; emptied. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Waits so many milliseconds, or until the signal aborts; then it resolves all the same. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A batch ends so long after its first entry was read, milliseconds. Default 2,000. */
  readonly cutMs?: number;
  /** And when it holds so many bytes. Default 64 MiB. */
  readonly cutBytes?: number;
  /** See `TakeInOptions`. */
  readonly comparedRows?: number;
  readonly compaction?: CompactOptions;
  /** Goes on where entries are gone that the lake does not hold. Default false. */
  readonly acceptLoss?: boolean;
  /** Told of every batch that is in the lake. */
  readonly onBatch?: (batch: SinkBatch) => void;
}

export interface SinkBatch extends Omit<TakenIn, 'files'> {
  readonly offset: number;
  readonly rows: number;
  readonly bytes: number;
  /** From the moment when its oldest entry was handed to the broker until it was in the lake, ms. */
  readonly lagMs: number;
  /** What writing it took, milliseconds. */
  readonly tookMs: number;
  /** How often segments were merged after it, and what that took. */
  readonly merges: number;
  readonly mergedMs: number;
}

/** A batch is cut where it is in so many files: each is open, and read by itself. */
const mostFiles = 256;

/** What a sink has done. */
export interface SinkTotals {
  batches: number;
  rows: number;
  added: number;
  repeated: number;
  erased: number;
  rejected: number;
  merges: number;
}

/**
 * Takes the log into the lake, from where the lake holds it: micro-batches, each with its offset in
 * one replacement of the manifest. Killed at any point, the next sink goes on from the last batch
 * that counts; so each entry is in the lake exactly once.
 *
 * @param options.once - ends when what is there now is in the lake. Default: goes on until `signal`
 * @throws Mistake `SERVER_DOWN` where the log cannot be read (call again), `SOURCE_MISSING` where
 *   entries are gone that the lake does not hold
 */
export async function runSink(
  options: SinkOptions & { readonly once?: boolean },
  signal: AbortSignal,
): Promise<SinkTotals> {
  const { reader, lake, sql, log, once = false, cutMs = 2000, cutBytes = 64 * 2 ** 20 } = options;
  const totals = { batches: 0, rows: 0, added: 0, repeated: 0, erased: 0, rejected: 0, merges: 0 };
  const state = await lake.update(
    async (update) => ({
      offset: update.offset(reader.name),
      mark: update.mark(reader.name),
      newestErasureMs: await newestErasure(sql, erasuresOf(update)),
    }),
    signal,
  );
  const end = await reader.last(signal);
  const from = await placeToStart(options, state, end, signal);
  let { newestErasureMs, offset: held } = state;
  if (once && from > end) return totals;

  const stop = new AbortController();
  const reading = AbortSignal.any([signal, stop.signal]);
  const entries = reader.read(from, reading)[Symbol.asyncIterator]();
  let spool = new Spool(join(options.folder, 'batch'), newestErasureMs);
  // Of a lake that holds nothing of the log yet nothing is asked but what is there.
  let expected = held === undefined ? undefined : from;
  try {
    let next = entries.next();
    for (;;) {
      spool = new Spool(join(options.folder, 'batch'), newestErasureMs);
      await spool.remove();
      const cut = new AbortController();
      let due: Promise<'due'> | undefined;
      while (
        spool.bytes < cutBytes &&
        spool.numFiles < mostFiles &&
        !(once && spool.offset >= end)
      ) {
        const came: IteratorResult<ArrivedEntry> | 'due' = await (due === undefined
          ? next
          : Promise.race([next, due]));
        if (came === 'due') break;
        if (came.done === true) throw new Error(`${reader.name}: the log ended`);
        if (expected !== undefined && came.value.offset > expected) {
          await loseBetween(options, expected, came.value.offset, reading);
        }
        expected = came.value.offset + 1;
        await spool.add(came.value);
        next = entries.next();
        // Whoever waits for it later is told; until then nobody is to be surprised.
        next.catch(() => undefined);
        if (spool.numEntries > 0) {
          due ??= options.wait(cutMs, AbortSignal.any([cut.signal, reading])).then(() => 'due');
        }
      }
      cut.abort();
      if (spool.numEntries > 0) {
        const batch = await commit(options, spool, held, spool.bytes >= cutBytes);
        held = spool.offset;
        newestErasureMs = Math.max(newestErasureMs, batch.newestErasureMs);
        add(totals, batch);
        options.onBatch?.(batch);
      }
      await spool.remove();
      if (once && spool.offset >= end) {
        totals.merges += await lake.update((update) => mergeAll(options, update, Infinity));
        return totals;
      }
    }
  } catch (error) {
    if (signal.aborted) log.info({ ...totals }, 'stopped');
    throw error;
  } finally {
    stop.abort(new Error('the sink has stopped'));
    await spool.remove().catch(() => undefined);
    await entries.return?.(undefined).catch(() => undefined);
  }
}

/** Writes a batch, all of it and its offset at once; then merges segments where there are enough. */
async function commit(
  options: SinkOptions,
  spool: Spool,
  heldBefore: number | undefined,
  isBehind: boolean,
): Promise<SinkBatch & { newestErasureMs: number }> {
  const { lake, sql, reader, clock, comparedRows } = options;
  const startedMs = clock();
  const spooled = await spool.close();
  return lake.update(async (update) => {
    const held = update.offset(reader.name);
    if (held !== heldBefore) {
      throw new Mistake(
        'LOCKED',
        `the log ${reader.name}: expected the lake to hold it up to ${heldBefore ?? 'nothing'}, it is ${held ?? 'nothing'}: another process takes it in as well`,
      );
    }
    const { files, ...taken } = await takeIn(spooled, {
      ...{ sql, update },
      ...(comparedRows === undefined ? {} : { comparedRows }),
    });
    await update.commitLog(reader.name, spool.offset, files, spool.mark);
    const committedMs = clock();
    const hasErasures = (taken.added.erasures ?? 0) > 0;
    return {
      ...taken,
      newestErasureMs: hasErasures ? await newestErasure(sql, erasuresOf(update)) : -Infinity,
      offset: spool.offset,
      rows: spool.rows,
      bytes: spool.bytes,
      lagMs: committedMs - spool.oldestMs,
      tookMs: committedMs - startedMs,
      merges: await mergeAll(options, update, isBehind ? 1 : 4, isBehind),
      mergedMs: clock() - committedMs,
    };
  });
}

/**
 * Merges segments where there are enough; while the sink is behind only where there are very many.
 *
 * @returns how many merges
 */
async function mergeAll(
  { sql, compaction = {} }: SinkOptions,
  update: LakeUpdate,
  most: number,
  isBehind = false,
): Promise<number> {
  const { fanIn = 8 } = compaction;
  const chosen = { ...compaction, fanIn: isBehind ? fanIn * 4 : fanIn };
  for (let merges = 0; merges < most; merges++) {
    const merge = nextMerge(update.held(), chosen);
    if (merge === undefined) return merges;
    await compact(sql, update, merge);
  }
  return most;
}

function erasuresOf(update: LakeUpdate): HeldFile[] {
  return update
    .held()
    .filter(({ counts, table, source }) => counts && table === 'erasures' && source === logSource);
}

async function newestErasure(sql: Sql, files: readonly { path: string }[]): Promise<number> {
  if (files.length === 0) return -Infinity;
  const [row] = await sql.rows<{ ms: number | null }>(
    `SELECT epoch_ms(max(happened_at)) AS ms
     FROM read_parquet([${files.map(({ path }) => quoted(path)).join(', ')}], hive_partitioning = false)`,
  );
  return row!.ms ?? -Infinity;
}

/**
 * The offset to read from: after what the lake holds, if that is what the log holds there.
 *
 * @throws Mistake `SOURCE_MISSING` where it is another log, or entries are gone
 */
async function placeToStart(
  options: SinkOptions,
  { offset, mark }: { offset: number | undefined; mark: string | undefined },
  last: number,
  signal: AbortSignal,
): Promise<number> {
  if (offset === undefined) return 0;
  const { reader } = options;
  const found = last < offset ? undefined : await firstFrom(reader, offset, signal);
  const isOther =
    found === undefined || (found.offset === offset && mark !== undefined && found.mark !== mark);
  if (!isOther) {
    if (found.offset > offset + 1) await loseBetween(options, offset + 1, found.offset, signal);
    return Math.max(offset + 1, found.offset);
  }
  const got = found === undefined ? `a log that ends at ${last}` : 'another one there';
  lose(
    options,
    `expected entry ${offset}, which the lake holds, got ${got}: the broker has lost its log, or it is another broker`,
  );
  return 0;
}

/**
 * Entries that the lake needs may be gone, at the start or while the sink was slower than the log.
 * A log throws away from its beginning: where something older is still there, the number was never
 * given to an entry. A RabbitMQ stream takes such numbers for itself where a segment begins.
 */
async function loseBetween(
  options: SinkOptions,
  expected: number,
  got: number,
  signal: AbortSignal,
): Promise<void> {
  const oldest = await firstFrom(options.reader, 0, signal);
  if (oldest.offset < got) return;
  lose(
    options,
    `expected entry ${expected}, which the lake needs next, got ${got}: what is between was thrown away before it was read`,
  );
}

function lose(
  { reader, acceptLoss = false, log }: Pick<SinkOptions, 'reader' | 'acceptLoss' | 'log'>,
  what: string,
): void {
  const message = `the log ${reader.name}: ${what}`;
  if (!acceptLoss) {
    throw new Mistake('SOURCE_MISSING', `${message}; --accept-loss goes on with what is there`);
  }
  log.warn({ log: reader.name }, message);
}

async function firstFrom(
  reader: LogReader,
  offset: number,
  signal: AbortSignal,
): Promise<ArrivedEntry> {
  const stop = new AbortController();
  for await (const entry of reader.read(offset, AbortSignal.any([signal, stop.signal]))) {
    return entry;
  }
  throw new Error(`${reader.name}: the log ended`);
}

function add(totals: SinkTotals, batch: SinkBatch): void {
  totals.batches++;
  totals.rows += batch.rows;
  totals.added += Object.values(batch.added).reduce((sum, rows) => sum + rows, 0);
  totals.repeated += batch.repeated;
  totals.erased += batch.erased;
  totals.rejected += batch.rejected;
  totals.merges += batch.merges;
}
