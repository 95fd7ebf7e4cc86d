import { storeNames } from '../pipelines/delivery/names.ts';
import type { NameStore } from '../pipelines/delivery/ports.ts';
import type { FrozenLists } from '../pipelines/lists.ts';
import type { Log } from '../pipelines/ports.ts';

const tellEveryMs = 5000;

export type NameLists = (
  lists: FrozenLists,
  how?: { readonly again?: boolean; readonly signal?: AbortSignal },
) => Promise<number>;

/** Stores the names of lists before they are published; zones of one week wait for the same call. */
export function openNameLists(names: NameStore, log: Log): NameLists {
  const underWay = new Map<string, Promise<number>>();
  return (lists, { again = false, signal } = {}) => {
    const { fingerprint, week } = lists;
    const other = underWay.get(fingerprint);
    if (other !== undefined) return other;
    let toldAt = performance.now();
    const storing = storeNames(lists, {
      names,
      again,
      signal,
      onProgress(stored) {
        if (performance.now() - toldAt < tellEveryMs) return;
        toldAt = performance.now();
        log.info({ week, stored }, `storing names of the lists of ${week}: ${stored} so far`);
      },
    }).finally(() => underWay.delete(fingerprint));
    underWay.set(fingerprint, storing);
    return storing;
  };
}
