import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { openEventLog, openLogReader } from '../../infra/event-log.ts';
import type { ArrivedEntry, EventLog, LogReader } from '../../pipelines/intake/log.ts';
import { listen, ndjson } from '../support/intake.ts';
import { ownBroker, type OwnBroker } from '../support/own-servers.ts';
import { silentLog } from '../support/servers.ts';

const kinds = ['rabbitmq', 'kafka'] as const;

/** Brokers start, are killed and start again; a busy machine takes its time. */
const patient = 600_000;

describe.each(kinds)('the log of %s', (kind) => {
  let broker: OwnBroker;
  beforeAll(async () => {
    broker = await ownBroker(kind, `log-${kind}`);
  }, patient);
  afterAll(() => broker.stop(), patient);

  /** A log that nobody else has, and what reads it. */
  async function withLog(
    work: (events: EventLog, reader: LogReader) => Promise<void>,
    log = silentLog,
  ): Promise<void> {
    const config = { ...broker.config, namespace: `t${randomUUID().slice(0, 8)}` };
    const events = openEventLog(config, broker, log, { patienceMs: 480_000 });
    const reader = openLogReader(config, broker);
    try {
      await work(events, reader);
    } finally {
      await events.dispose();
      await reader.dispose();
    }
  }

  const append = (events: EventLog, n: number) =>
    events.append({ table: 'listens', rows: 1, body: ndjson([listen(n)]) });

  /** Everything from an offset up to one. */
  async function readAll(reader: LogReader, from: number, to: number): Promise<ArrivedEntry[]> {
    const stop = new AbortController();
    const entries: ArrivedEntry[] = [];
    if (from > to) return entries;
    for await (const one of reader.read(from, stop.signal)) {
      entries.push(one);
      if (one.offset >= to) break;
    }
    return entries;
  }

  const titlesOf = (entries: readonly ArrivedEntry[]) =>
    entries
      .flatMap(({ body }) => Buffer.from(body).toString('utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { title: string }).title);

  test(
    'is empty at first, and gives out what was appended, in order, with rows and tables',
    () =>
      withLog(async (events, reader) => {
        const before = await reader.last();
        await append(events, 0);
        await events.append({ table: 'searches', rows: 2, body: Buffer.from('{}\n{}\n') });
        await Promise.all(Array.from({ length: 200 }, (_, n) => append(events, 1 + n)));
        const entries = (await readAll(reader, 0, await reader.last())).filter((e) => e.rows > 0);
        expect(entries[0]!.offset).toBeGreaterThan(before);
        expect(entries.slice(0, 2).map(({ table, rows }) => [table, rows])).toEqual([
          ['listens', 1],
          ['searches', 2],
        ]);
        const listens = entries.filter(({ table }) => table === 'listens');
        expect(titlesOf(listens)).toEqual(Array.from({ length: 201 }, (_, n) => `Title ${n}`));
        expect(listens.reduce((sum, { rows }) => sum + rows, 0)).toBe(201);
        expect(new Set(entries.map(({ mark }) => mark)).size).toBe(entries.length);
        const offsets = entries.map(({ offset }) => offset);
        expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
        // What waits together goes together.
        expect(entries.length).toBeLessThan(100);
        const ages = entries.map(({ arrivedMs }) => Date.now() - arrivedMs);
        expect(Math.max(...ages)).toBeLessThan(patient);
        expect(Math.min(...ages)).toBeGreaterThanOrEqual(0);
      }),
    patient,
  );

  test(
    'is read from any offset, twice the same, and takes entries of many sizes',
    () =>
      withLog(async (events, reader) => {
        const sizes = [1, 100, 5000, 300_000, 3_000_000, 7];
        for (const size of sizes) {
          await events.append({ table: 'articles', rows: 1, body: Buffer.alloc(size, 97) });
        }
        const last = await reader.last();
        const entries = await readAll(reader, 0, last);
        expect(entries.filter((e) => e.rows > 0).map(({ body }) => body.byteLength)).toEqual(sizes);
        const named = (all: readonly ArrivedEntry[]) =>
          all.map(({ body, ...rest }) => ({ ...rest, sha256: sha256Of(body) }));
        for (const { offset } of entries) {
          expect(named(await readAll(reader, offset, last))).toEqual(
            named(entries.slice(entries.findIndex((one) => one.offset === offset))),
          );
        }
      }),
    patient,
  );

  test(
    'gives out at once what comes while it is read, and stops by the signal',
    () =>
      withLog(async (events, reader) => {
        await append(events, 0);
        const stop = new AbortController();
        const seen: string[] = [];
        const reading = (async () => {
          for await (const one of reader.read(0, stop.signal)) {
            seen.push(...titlesOf([one]));
            if (seen.length === 1) await append(events, 1);
            if (seen.length === 2) stop.abort(new Error('enough'));
          }
        })();
        await expect(reading).rejects.toThrow('enough');
        expect(seen).toEqual(['Title 0', 'Title 1']);
        const aborted = AbortSignal.abort(new Error('before'));
        await expect(reader.read(0, aborted)[Symbol.asyncIterator]().next()).rejects.toThrow(
          'before',
        );
      }),
    patient,
  );

  test(
    'has all that was confirmed after SIGKILL, and takes more when it is back',
    () => {
      let lost = 0;
      return withLog(
        async (events, reader) => {
          const confirmed: number[] = [];
          let n = 0;
          let stopped = false;
          const writing = Array.from({ length: 8 }, async () => {
            while (!stopped) {
              const mine = n++;
              await append(events, mine);
              confirmed.push(mine);
            }
          });
          while (confirmed.length < 400) await new Promise((resolve) => setTimeout(resolve, 5));
          await broker.kill();
          const confirmedBefore = confirmed.length;
          await broker.restart();
          while (confirmed.length < confirmedBefore + 100) {
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
          stopped = true;
          await Promise.all(writing);
          const found = titlesOf(await readAll(reader, 0, await reader.last()));
          const held = new Set(found);
          expect(confirmed.filter((one) => !held.has(`Title ${one}`))).toEqual([]);
          // What was on its way when a session was lost may be there twice, and nothing else. The
          // producer of Kafka may have come through the kill by itself.
          expect(found.length - held.size).toBeLessThanOrEqual(8 * lost);
        },
        { ...silentLog, warn: () => void lost++ },
      );
    },
    patient,
  );

  test(
    'says so when it is away for longer than one waits',
    async () => {
      const config = { ...broker.config, namespace: `t${randomUUID().slice(0, 8)}` };
      const [away, brokers] = [{ rabbitmqUrl: 'amqp://guest:guest@127.0.0.1:1' }, ['127.0.0.1:1']];
      const nowhere = kind === 'kafka' ? { ...config, kafkaBrokers: brokers } : config;
      const events = openEventLog(nowhere, away, silentLog, { patienceMs: 300 });
      await expect(append(events, 0)).rejects.toMatchObject({
        code: 'SERVER_DOWN',
        message: expect.stringMatching(/: expected it to take an entry, got "/),
      });
      await expect(openLogReader(nowhere, away).last()).rejects.toMatchObject({
        code: 'SERVER_DOWN',
      });
      await events.dispose();
      await events.dispose();
      await expect(append(events, 1)).rejects.toThrow('the log is closed');
    },
    patient,
  );
});

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
