import { expect, test } from '@jest/globals';
import { deliverBatch } from '../../pipelines/delivery/deliver.ts';
import type { Ledger, PlaylistStore } from '../../pipelines/delivery/ports.ts';
import type { BatchMessage } from '../../pipelines/lists.ts';

const message: BatchMessage = {
  v: 2,
  order: {
    id: '2014-W36:Asia/Jakarta:1',
    week: '2014-W36',
    zone: 'Asia/Jakarta',
    revision: 1,
    lists: 'f00',
    validFrom: '2014-08-31T17:00:00.000Z',
    backfill: false,
  },
  model: 'ranker-0123456789ab',
  batch: 0,
  batches: 1,
  lists: Array.from({ length: 50 }, (_, n) => ({ user: `u${n}`, tracks: new Uint8Array(0) })),
};

/** What Node keeps of `setMaxListeners`; `getMaxListeners` does not know a signal of Jest's. */
function mostListeners(signal: AbortSignal): unknown {
  const key = Object.getOwnPropertySymbols(signal).find(
    ({ description }) => description === 'events.maxEventTargetListeners',
  );
  return key && (signal as unknown as Record<symbol, unknown>)[key];
}

test('the lists of a batch may all wait for their pictures, and Node warns of no leak', async () => {
  const signals = new Set<AbortSignal>();
  const stored: string[] = [];
  const playlists: PlaylistStore = {
    upsert(documents) {
      stored.push(...documents.map(({ user }) => user));
      return Promise.resolve([]);
    },
    revisions: () => Promise.resolve(new Map()),
  };
  const ledger = {
    find: () => Promise.resolve(undefined),
    delivered: () => Promise.resolve(),
  } as unknown as Ledger; // nothing else of it is called
  const pictures = {
    newest: (_user: string, signal: AbortSignal) => {
      signals.add(signal);
      return Promise.resolve(undefined);
    },
  };
  await deliverBatch(message, { playlists, ledger, pictures, clock: () => 0 });
  expect(stored).toHaveLength(50);
  expect(Array.from(signals, mostListeners)).toEqual([0]);
});
