import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { openTokens, tokenSecret } from '../../infra/tokens.ts';
import { mondayStart } from '../../model/week.ts';
import { runApi } from '../../workers/api.ts';
import { openDoor, type Door } from '../faults/door.ts';
import { calendarStage, listsOfPeople, type CalendarStage } from '../support/calendar-stage.ts';
import { silentLog } from '../support/servers.ts';

jest.setTimeout(600_000);

const week = '2026-W47';
const zone = 'Asia/Jakarta';
const lists = listsOfPeople(week, { ana: zone, budi: zone });

let stage: CalendarStage;
let door: Door;
let stop: () => Promise<void>;
let address: string;

beforeEach(async () => {
  stage = await calendarStage(mondayStart(week, zone));
  stage.archive.put(lists);
  const delivery = await stage.start();
  await delivery.deliverWeek(lists, { now: true });
  const { servers } = stage.options;
  door = await openDoor(servers.redisUrl);
  const stopping = new AbortController();
  let finished: Promise<void> = Promise.resolve();
  address = await new Promise<string>((resolve, reject) => {
    const info = (fields: Record<string, unknown>) =>
      void (typeof fields['address'] === 'string' && resolve(fields['address']));
    finished = runApi(
      {
        ...stage.options,
        servers: { ...servers, redisUrl: door.url },
        log: { ...silentLog, info },
      },
      { host: '127.0.0.1', port: 0 },
      stopping.signal,
    );
    finished.catch(reject);
  });
  stop = async () => {
    stopping.abort();
    await finished;
  };
});

afterEach(async () => {
  door.open();
  await stop();
  await stage.clear();
  await door.dispose();
});

async function ask(path: string) {
  const { home } = stage.options.config;
  const tokens = openTokens(await tokenSecret(home), stage.options.clock);
  const token = await tokens.issue({ scope: 'listener', user: 'ana' }, 1);
  return fetch(address + path, { headers: { authorization: `Bearer ${token}` } });
}

test('while Redis is away listeners have their lists, health says so, and all is well once it is back', async () => {
  const path = '/v1/users/ana/playlists/current';
  const before = (await (await ask(path)).json()) as { week: string };
  expect(before.week).toBe(week);
  door.shut();
  for (let n = 0; n < 3; n++) {
    const answer = await ask(path);
    expect([answer.status, await answer.json()]).toEqual([200, before]);
  }
  const health = await ask('/health');
  expect(health.status).toBe(503);
  expect(await health.json()).toMatchObject({ status: 'failing', servers: { mongodb: 'ok' } });
  door.open();
  while ((await ask('/health')).status !== 200) await pause(50);
  expect(await (await ask(path)).json()).toEqual(before);
});
