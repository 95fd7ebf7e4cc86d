import { createHash } from 'node:crypto';
import type { FrozenLists, ListArchive } from '../../pipelines/lists.ts';
import { listFor, namesFor } from './lists.ts';

/**
 * Frozen lists in memory: so many listeners in each zone, named after it, no track on two lists.
 */
export function frozenListsOf(
  week: string,
  listeners: Readonly<Record<string, number>>,
  flavour = 'a',
): FrozenLists {
  const zones = Object.keys(listeners)
    .sort()
    .map((zone) => ({ zone, listeners: listeners[zone]! }));
  const usersOf = (zone: string) =>
    Array.from({ length: listeners[zone] ?? 0 }, (_, n) => `${zone}-${String(n).padStart(6, '0')}`);
  const flavourOf = (user: string) => `${flavour}-${user}`;
  return {
    week,
    fingerprint: createHash('sha256')
      .update(JSON.stringify([week, zones, flavour]))
      .digest('hex')
      .slice(0, 16),
    model: 'ranker-test',
    zones,
    // eslint-disable-next-line @typescript-eslint/require-await
    async *read(zone) {
      for (const user of usersOf(zone)) yield listFor(user, flavourOf(user));
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async *trackNames() {
      for (const { zone } of zones) {
        for (const user of usersOf(zone)) yield* namesFor(flavourOf(user)).tracks;
      }
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async *artistNames() {
      yield* namesFor(flavour).artists;
    },
  };
}

/** Where a test keeps its lists; `put` replaces those of the week. */
export function archiveOf(
  ...frozen: FrozenLists[]
): ListArchive & { put(lists: FrozenLists): void } {
  const byWeek = new Map(frozen.map((lists) => [lists.week, lists]));
  return {
    put: (lists) => void byWeek.set(lists.week, lists),
    find: (week) => Promise.resolve(byWeek.get(week)),
    weeks: () => Promise.resolve([...byWeek.keys()].sort()),
  };
}
