import { setTimeout as pause } from 'node:timers/promises';
import type { DeadLetter } from '../infra/rabbit/deadletters.ts';
import { Mistake } from '../model/mistake.ts';
import type { Ledger } from '../pipelines/delivery/ports.ts';
import type { Clock } from '../pipelines/ports.ts';
import type { Delivery } from './delivery.ts';

/** Which dead letters are meant: those that fit all that is given; all of them where nothing is. */
export interface Selection {
  readonly week?: string | undefined;
  readonly zone?: string | undefined;
  /** The id that `list` shows, or the number of the batch. */
  readonly batch?: string | undefined;
}

/** A dead letter as operations see it. Copies of one message are one. */
export interface ListedLetter {
  readonly id: string;
  readonly order: string;
  readonly batch: number;
  readonly week: string;
  readonly zone: string;
  /** In the batch; 0 where the message does not say. */
  readonly lists: number;
  readonly reason: string;
  /** ISO 8601: when the ledger first said so. */
  readonly failedAt: string;
  readonly ageSeconds: number;
  /** How often a worker had it. */
  readonly tries: number;
  readonly bytes: number;
}

/** What became of letters that were put back. `waiting` have not come to an end in time. */
export interface Retried {
  readonly retried: readonly string[];
  readonly delivered: readonly string[];
  readonly failed: readonly { readonly id: string; readonly reason: string }[];
  readonly waiting: readonly string[];
}

type Dealing = Pick<Delivery, 'rabbit' | 'ledger'> & { readonly clock: Clock };

/**
 * What lies in the dead-letter queue, the oldest first. What the ledger did not know of is written
 * there as failed; what was delivered since is taken out of the queue.
 */
export async function listDeadLetters(
  { rabbit, ledger, clock }: Dealing,
  selection: Selection = {},
): Promise<ListedLetter[]> {
  const found = new Map<string, ListedLetter>();
  await rabbit.turnOverDeadLetters(clock, async (letter) => {
    const { failure, hash } = letter;
    await ledger.failed(failure);
    const entry = (await ledger.find(failure.order, failure.batch)) ?? failure;
    if (entry.state === 'delivered') return 'gone';
    if (isMeant(letter, selection)) {
      const { order, batch, week, zone, lists, at } = entry;
      found.set(`${letter.id} ${hash}`, {
        id: letter.id,
        ...{ order, batch, week, zone, lists },
        reason: entry.reason ?? failure.reason ?? 'unknown',
        failedAt: new Date(at).toISOString(),
        ageSeconds: Math.max(0, Math.round((clock() - at) / 1000)),
        tries: letter.tries,
        bytes: letter.bytes,
      });
    }
    return 'stays';
  });
  return [...found.values()].sort(
    (a, b) => b.ageSeconds - a.ageSeconds || (a.id < b.id ? -1 : Number(a.id > b.id)),
  );
}

/**
 * Puts dead letters back into the work queue. The ledger forgets that they failed before they are
 * there, so it never says failed of what is under way; each is confirmed in the work queue before
 * it is taken from the dead-letter queue. Then waits for what becomes of them.
 *
 * @param patienceMs - without any news for so long, what is left counts as waiting. Default 60 s
 * @throws Mistake `UNKNOWN_DEAD_LETTER` where none is meant, though there are some
 */
export async function retryDeadLetters(
  dealing: Dealing,
  selection: Selection,
  { signal, patienceMs = 60_000 }: { signal?: AbortSignal; patienceMs?: number } = {},
): Promise<Retried> {
  const { rabbit, ledger, clock } = dealing;
  const retried = new Map<string, DeadLetter>();
  const seen = new Set<string>();
  const others = new Set<string>();
  await rabbit.turnOverDeadLetters(clock, async (letter) => {
    if (!isMeant(letter, selection)) {
      others.add(letter.id);
      return 'stays';
    }
    signal?.throwIfAborted();
    const { order, batch } = letter.failure;
    // One that failed again meanwhile has been retried once more, and is no copy of the first.
    const copy = `${letter.id} ${letter.hash} ${letter.retried}`;
    if (seen.has(copy)) return 'gone';
    if (retried.has(letter.id) && letter.retried > (retried.get(letter.id)?.retried ?? 0)) {
      return 'stays';
    }
    retried.set(letter.id, letter);
    if ((await ledger.find(order, batch))?.state === 'delivered') return 'gone';
    await ledger.forget(order, [batch]);
    seen.add(copy);
    return 'again';
  });
  if (retried.size === 0 && others.size > 0) throw noneMeant(selection, [...others]);
  const letters = [...retried.values()];
  return outcomeOf(ledger, letters, patienceMs, signal);
}

async function outcomeOf(
  ledger: Ledger,
  letters: readonly DeadLetter[],
  patienceMs: number,
  signal: AbortSignal | undefined,
): Promise<Retried> {
  const open = new Map(letters.map((letter) => [letter.id, letter]));
  const delivered: string[] = [];
  const failed: { id: string; reason: string }[] = [];
  let movedAt = performance.now();
  while (open.size > 0 && performance.now() - movedAt < patienceMs) {
    signal?.throwIfAborted();
    for (const [id, { failure }] of open) {
      const entry = await ledger.find(failure.order, failure.batch);
      if (entry === undefined) continue;
      if (entry.state === 'delivered') delivered.push(id);
      else failed.push({ id, reason: entry.reason ?? 'unknown' });
      open.delete(id);
      movedAt = performance.now();
    }
    if (open.size > 0) await pause(100, undefined, signal === undefined ? {} : { signal });
  }
  return { retried: letters.map(({ id }) => id), delivered, failed, waiting: [...open.keys()] };
}

/**
 * Takes dead letters out of the queue for good. The ledger keeps the batch as failed, and says who
 * dropped it, why and when, before the message is gone.
 *
 * @returns ids of what was dropped, and of what had been delivered since
 * @throws Mistake `UNKNOWN_DEAD_LETTER` where none is meant, though there are some
 */
export async function dropDeadLetters(
  { rabbit, ledger, clock }: Dealing,
  selection: Selection,
  { by, why }: { readonly by: string; readonly why: string },
): Promise<{ dropped: string[]; delivered: string[] }> {
  const dropped = new Set<string>();
  const delivered = new Set<string>();
  const others = new Set<string>();
  await rabbit.turnOverDeadLetters(clock, async (letter) => {
    if (!isMeant(letter, selection)) {
      others.add(letter.id);
      return 'stays';
    }
    const { failure } = letter;
    const before = await ledger.find(failure.order, failure.batch);
    const reason =
      before?.reason?.startsWith(droppedMark) === true
        ? before.reason
        : `${droppedMark} by ${by}: ${why}; it had failed: ${before?.reason ?? failure.reason}`;
    const entry = { ...failure, reason, at: clock() };
    ((await ledger.dropped(entry)) ? dropped : delivered).add(letter.id);
    return 'gone';
  });
  if (dropped.size + delivered.size === 0 && others.size > 0) {
    throw noneMeant(selection, [...others]);
  }
  return { dropped: [...dropped].sort(), delivered: [...delivered].sort() };
}

const droppedMark = 'dropped:';

function isMeant({ id, failure }: DeadLetter, { week, zone, batch }: Selection): boolean {
  return (
    (week === undefined || failure.week === week) &&
    (zone === undefined || failure.zone === zone) &&
    (batch === undefined || id === batch || String(failure.batch) === batch)
  );
}

function noneMeant({ week, zone, batch }: Selection, others: readonly string[]): Mistake {
  const asked = Object.entries({ week, zone, batch })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${value}`);
  const shown = [...others].sort().slice(0, 5).join(', ');
  return new Mistake(
    'UNKNOWN_DEAD_LETTER',
    `${asked.join(', ')}: expected a dead letter, there are ${others.length} others: ${shown}${others.length > 5 ? ', ...' : ''}`,
  );
}
