import { expect, test } from '@jest/globals';
import type { ChildEnd } from '../../infra/child-command.ts';
import { prepareBeside } from '../../workers/prepare-beside.ts';
import { readConfig } from '../../infra/config.ts';
import { silentLog } from '../support/servers.ts';

const done: ChildEnd = { code: 0, output: '{}', lastError: '' };
const killed: ChildEnd = { code: null, output: '', lastError: 'mondaymix: gone' };

/** Prepares every millisecond, and ends as it is told. */
function open(ends: readonly (ChildEnd | Error)[], clock = () => 0) {
  const warned: string[] = [];
  let runs = 0;
  let heard: () => void = () => undefined;
  const beside = prepareBeside({
    ...{ config: readConfig({ home: 'nowhere' }, {}), clock, everyMs: 1 },
    log: { ...silentLog, warn: ({ error }) => void warned.push(String(error)) },
    run: () => {
      const end = ends[runs++] ?? done;
      heard();
      return end instanceof Error ? Promise.reject(end) : Promise.resolve(end);
    },
  });
  const until = async (count: number) => {
    while (runs < count) await new Promise<void>((resolve) => (heard = resolve));
  };
  return { ...beside, warned, until, runs: () => runs };
}

const turns = async () => {
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setTimeout(resolve, 1));
};

test('what failed or was killed is run again, though nothing new has come', async () => {
  const { until, warned, dispose } = open([killed, new Error('no such program'), done]);
  await until(3);
  await dispose();
  expect(warned).toEqual(['mondaymix: gone', 'no such program']);
});

test('it runs again where something is new or a day is over, and else it does not', async () => {
  let now = Date.UTC(2026, 0, 5, 23, 59);
  const { until, runs, news, dispose } = open([], () => now);
  await until(1);
  await turns();
  expect(runs()).toBe(1);
  news();
  await until(2);
  now += 120_000;
  await until(3);
  await turns();
  expect(runs()).toBe(3);
  await dispose();
  await dispose();
});

test('disposing asks what is under way to end, and waits for it', async () => {
  let ended = false;
  let begun: () => void;
  const hasBegun = new Promise<void>((resolve) => (begun = resolve));
  const { dispose } = prepareBeside({
    ...{ config: readConfig({ home: 'nowhere' }, {}), clock: () => 0, log: silentLog, everyMs: 1 },
    run: async (_, signal) => {
      begun();
      await new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => resolve(), { once: true }),
      );
      ended = true;
      return killed;
    },
  });
  await hasBegun;
  await dispose();
  expect(ended).toBe(true);
});
