import { createHash } from 'node:crypto';
import type { FrozenLists, ListArchive } from '../../pipelines/lists.ts';
import { listFor } from './lists.ts';

/** Frozen lists in memory: so many listeners in each zone, named after it. */
export function frozenListsOf(
  week: string,
  listeners: Readonly<Record<string, number>>,
  flavour = 'a',
): FrozenLists {
  const zones = Object.keys(listeners)
    .sort()
    .map((zone) => ({ zone, listeners: listeners[zone]! }));
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
      for (let i = 0; i < (listeners[zone] ?? 0); i++) {
        const user = `${zone}-${String(i).padStart(6, '0')}`;
        yield listFor(user, week, zone, `${flavour}-${user}`);
      }
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
