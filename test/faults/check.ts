import type { Run } from './run.ts';

/** What a run has come to, in lists. */
export interface Tally {
  readonly listeners: number;
  /** Listeners without a list, or whose list the ledger does not know. */
  readonly lost: number;
  /** Lists beyond one for each listener: stored, counted in the ledger, or stored anew. */
  readonly doubled: number;
  /** Lists that came after Monday 00:00. */
  readonly late: number;
}

/**
 * Holds what is stored against what was to be delivered, and the ledger against both. It reads
 * MongoDB and the ledger's entries by itself; `reconcile` and `status` must come to the same.
 */
export async function check(run: Run): Promise<Tally> {
  const { watching, lists, week, plan, complain } = run;
  const stored = await watching.playlists.collection
    .find({ week }, { projection: { user: 1, zone: 1, revision: 1, storedAt: 1, validFrom: 1 } })
    .toArray();
  const zoneOf = new Map<string, string>();
  for (const { zone } of lists.zones) {
    for await (const { user } of lists.read(zone)) zoneOf.set(user, zone);
  }
  const documents = countBy(stored.map(({ user }) => user));
  const entries = new Map<string, number>();
  let inLedger = 0;
  let lateInLedger = 0;
  for (const order of await watching.orders.ofWeek(week)) {
    const batches = new Set<number>();
    for await (const { batch, users, lists: size, late } of watching.ledger.entries(order.id)) {
      if (batches.has(batch)) complain(`${order.id}: batch ${batch} is in the ledger twice`);
      batches.add(batch);
      if (users.length !== size) complain(`${order.id}:${batch}: ${users.length} of ${size} users`);
      for (const user of users) entries.set(user, (entries.get(user) ?? 0) + 1);
      inLedger += size;
      lateInLedger += late;
    }
  }

  let lost = 0;
  let doubled = 0;
  for (const [user, zone] of zoneOf) {
    const inStore = documents.get(user) ?? 0;
    const known = entries.get(user) ?? 0;
    if (inStore === 0 || known === 0) lost++;
    doubled += Math.max(0, inStore - 1, known - 1);
    const document = stored.find((one) => one.user === user);
    if (document !== undefined && document.zone !== zone) complain(`${user}: in ${document.zone}`);
  }
  for (const { user, revision } of stored) {
    if (!zoneOf.has(user)) complain(`${user}: nobody ordered a list for them`);
    // Nothing was ordered again: a second revision would be a second list for the same week.
    if (revision !== 1) doubled++;
  }
  if (inLedger !== plan.listeners) complain(`the ledger counts ${inLedger} of ${plan.listeners}`);
  if (lost > 0) complain(`${lost} lists are lost`);
  if (doubled > 0) complain(`${doubled} lists are doubled`);

  const late = stored.filter(({ storedAt, validFrom }) => storedAt > validFrom).length;
  if (late !== lateInLedger) complain(`${late} lists are late, the ledger says ${lateInLedger}`);
  const { checked, repaired } = await watching.reconcile(week);
  if (repaired > 0)
    complain(`reconcile: ${repaired} of ${checked} batches are not as the ledger says`);
  const { total } = await watching.status(week);
  const { listeners, delivered, failed, missing } = total;
  if (delivered !== listeners || failed + missing > 0 || total.late !== late) {
    complain(`status: ${JSON.stringify(total)}`);
  }
  return { listeners: plan.listeners, lost, doubled, late };
}

/** Holds the dead-letter queue against what is expected there: a part of each reason, once each. */
export async function checkDeadLetters(run: Run, expected: readonly RegExp[]): Promise<void> {
  const { listDeadLetters } = await import('../../workers/dead-letters.ts');
  const { watching, clock, complain } = run;
  const letters = await listDeadLetters({ ...watching, clock });
  const left = letters.map(({ reason }) => reason);
  for (const pattern of expected) {
    const at = left.findIndex((reason) => pattern.test(reason));
    if (at < 0) complain(`dead letters: expected one that says ${pattern}`);
    else left.splice(at, 1);
  }
  for (const reason of left) complain(`dead letters: one that says "${reason}"`);
}

function countBy(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
