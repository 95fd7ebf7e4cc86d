import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../infra/config.ts';
import { openTokens, tokenSecret } from '../../infra/tokens.ts';
import type { FrozenLists } from '../../pipelines/lists.ts';
import type { Log } from '../../pipelines/ports.ts';
import { runApi } from '../../workers/api.ts';
import {
  openDelivery,
  startDelivery,
  type Delivery,
  type DeliveryOptions,
} from '../../workers/delivery.ts';
import { archiveOf } from './frozen-lists.ts';
import { listFor, namesFor } from './lists.ts';
import { sharedServers, silentLog } from './servers.ts';

export interface CalendarStage {
  readonly archive: ReturnType<typeof archiveOf>;
  readonly options: DeliveryOptions;
  /** The time for all that is on the stage, the API too. */
  setClock(to: number): void;
  /** Delivers and publishes; `rules` as in `DeliveryOptions`. Disposed of with the stage. */
  start(given?: Partial<DeliveryOptions>): Promise<Delivery>;
  /** Only looks on. */
  watch(given?: Partial<DeliveryOptions>): Promise<Delivery>;
  /** The week of the list that the API shows to a listener now; undefined: none. */
  shown(user: string): Promise<string | undefined>;
  /** Everything that was opened, and all data. */
  clear(): Promise<void>;
}

/** A namespace of the real servers, and the API over it, all at a time that the test sets. */
export async function calendarStage(now: number): Promise<CalendarStage> {
  const servers = await sharedServers();
  const home = await mkdtemp(join(tmpdir(), 'calendar-'));
  const archive = archiveOf();
  let at = now;
  const options: DeliveryOptions = {
    config: { ...readConfig({ home }, {}), namespace: `t${randomUUID().slice(0, 8)}` },
    servers,
    archive,
    clock: () => at,
    log: silentLog,
    batchSize: 3,
  };
  const opened: Delivery[] = [];
  const keep = async (opening: Promise<Delivery>) => {
    const delivery = await opening;
    opened.push(delivery);
    return delivery;
  };
  let api: Awaited<ReturnType<typeof startApi>> | undefined;
  const tokens = openTokens(await tokenSecret(home), () => at);
  return {
    archive,
    options,
    setClock(to) {
      at = to;
    },
    start: (given = {}) => keep(startDelivery({ ...options, ...given })),
    watch: (given = {}) => keep(openDelivery({ ...options, ...given })),
    async shown(user) {
      api ??= await startApi(options);
      const token = await tokens.issue({ scope: 'listener', user }, 1);
      const path = `/v1/users/${encodeURIComponent(user)}/playlists/current`;
      const answer = await fetch(api.address + path, {
        headers: { authorization: `Bearer ${token}` },
      });
      if (answer.status === 404) return undefined;
      if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
      return ((await answer.json()) as { week: string }).week;
    },
    async clear() {
      await api?.stop();
      for (const delivery of opened) await delivery.dispose();
      const last = await openDelivery(options);
      await last.remove();
      await last.dispose();
      await rm(home, { recursive: true });
    },
  };
}

async function startApi(options: DeliveryOptions) {
  const controller = new AbortController();
  let finished: Promise<void> = Promise.resolve();
  const address = await new Promise<string>((resolve, reject) => {
    const log: Log = {
      ...silentLog,
      info(fields) {
        const found = (fields as { address?: unknown }).address;
        if (typeof found === 'string') resolve(found);
      },
    };
    finished = runApi({ ...options, log }, { host: '127.0.0.1', port: 0 }, controller.signal);
    finished.catch(reject);
  });
  return {
    address,
    async stop() {
      controller.abort();
      await finished;
    },
  };
}

/** Lists of named listeners, each in a zone: `{ ana: 'Asia/Tokyo' }`. */
export function listsOfPeople(
  week: string,
  zoneOf: Readonly<Record<string, string>>,
  flavour = 'a',
): FrozenLists {
  const people = Object.keys(zoneOf).sort();
  const inZone = (zone: string) => people.filter((user) => zoneOf[user] === zone);
  return {
    week,
    fingerprint: `people-${flavour}-${week}`,
    model: 'ranker-test',
    zones: [...new Set(Object.values(zoneOf))]
      .sort()
      .map((zone) => ({ zone, listeners: inZone(zone).length })),
    // eslint-disable-next-line @typescript-eslint/require-await
    async *read(zone) {
      for (const user of inZone(zone)) yield listFor(user, `${flavour}-${user}`);
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async *trackNames() {
      for (const user of people) yield* namesFor(`${flavour}-${user}`).tracks;
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async *artistNames() {
      yield* namesFor(flavour).artists;
    },
  };
}
