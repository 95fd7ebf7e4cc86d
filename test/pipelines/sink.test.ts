import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { openLake } from '../../infra/lake.ts';
import { openWeekBook } from '../../infra/week-book.ts';
import {
  loggedTables,
  type ArrivedEntry,
  type LoggedTable,
  type LogReader,
} from '../../pipelines/intake/log.ts';
import { fromLake, type Lake } from '../../pipelines/lake.ts';
import { weekOptions } from '../../pipelines/week-plan.ts';
import { askLake, entry, hashOf, listen, plantedReader, sinkOnce } from '../support/intake.ts';
import { temporaryFolder } from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
let home: string;
beforeEach(() => {
  root = temporaryFolder();
  home = join(root.path, 'home');
});
afterEach(() => root.remove());

/** Files below a folder that this process has open. */
function openFilesIn(folder: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}

const titles = () =>
  askLake<{ title: string }>(home, 'listens', (t) => `SELECT title FROM ${t} ORDER BY title`).then(
    (rows) => rows.map(({ title }) => title),
  );

describe('the sink', () => {
  test('writes every column of a listen as it came, under the source log', async () => {
    const full = {
      listened_at: '2026-11-16T07:30:00.125Z',
      listener: 'ann',
      zone: 'Europe/Paris',
      language: 'fr',
      artist: 'Air',
      title: 'Kelly "Watch" the Stars\u2028',
      album: 'Moon Safari',
      played_ms: 226_000,
      client: 'spotify.com',
      info: '{"tags":["a"]}',
    };
    await sinkOnce(home, plantedReader([entry(0, 'listens', [full])]));
    const rows = await askLake(home, 'listens', (t) => `SELECT * FROM ${t}`);
    expect(rows).toEqual([{ ...full, listened_at: new Date(full.listened_at), source: 'log' }]);
  });

  test('keeps each table by itself, one entry after the other', async () => {
    const at = '2026-11-16T07:30:00.000Z';
    const entries = [
      entry(3, 'feedback', [
        { happened_at: at, listener: 'ann', kind: 'love', artist: 'Air', title: 'Sexy Boy' },
      ]),
      entry(4, 'searches', [{ happened_at: at, listener: 'ann', query: 'air' }]),
      entry(5, 'recordings', [
        {
          recording_id: 'r1',
          title: 'Sexy Boy',
          artists: ['Air', 'Beth'],
          genres: [],
          tempo: 110.5,
        },
      ]),
    ];
    const totals = await sinkOnce(home, plantedReader(entries));
    expect(totals).toMatchObject({ batches: 1, rows: 3, added: 3, rejected: 0 });
    const [recording] = await askLake(home, 'recordings', (t) => `SELECT * FROM ${t}`);
    expect(recording).toMatchObject({
      artists: ['Air', 'Beth'],
      genres: [],
      tempo: 110.5,
      album: null,
    });
    await openLake(home).update((update) => {
      expect([update.offset('planted:log'), update.mark('planted:log')]).toEqual([5, 'm5']);
      return Promise.resolve();
    });
  });

  test('takes every table of the log, repeated rows and broken ones too', async () => {
    const at = '2026-11-16T07:30:00.000Z';
    const samples: Record<LoggedTable, object> = {
      listens: listen(1),
      recordings: { recording_id: 'r', title: 't', artists: ['a'], released: '1998-01-16' },
      feedback: {
        happened_at: at,
        listener: 'l',
        kind: 'skip',
        artist: 'a',
        title: 't',
        played_ms: 9,
      },
      blocks: { happened_at: at, listener: 'l', scope: 'artist', artist: 'a', until: at },
      exclusions: { happened_at: at, listener: 'l', since: at, before: at, lifted: false },
      searches: { happened_at: at, listener: 'l', query: 'q' },
      saves: {
        happened_at: at,
        listener: 'l',
        scope: 'track',
        artist: 'a',
        name: 't',
        saved: true,
      },
      playlist_changes: {
        happened_at: at,
        playlist_id: 'p',
        listener: 'l',
        change: 'add',
        artist: 'a',
        title: 't',
      },
      profiles: { happened_at: at, listener: 'l', zone: 'Asia/Jakarta' },
      articles: { article_id: 'i', url: 'u', published: at, fetched: at, kind: 'prose', body: 'b' },
      erasures: { happened_at: at, listener_hash: hashOf('another') },
    };
    const entries = loggedTables.map((table, n) => entry(n, table, [samples[table]]));
    expect(await sinkOnce(home, plantedReader(entries))).toMatchObject({ added: 11, rejected: 0 });
    const more = [
      ...entries,
      ...loggedTables.map((table, n) => entry(11 + n, table, '{}\n')),
      ...loggedTables.map((table, n) => entry(22 + n, table, [samples[table]])),
    ];
    // Once alone, once with the repeated ones.
    const alone = more.filter(({ offset }) => offset < 22);
    expect(await sinkOnce(home, plantedReader(alone))).toMatchObject({ added: 0, rejected: 11 });
    expect(await sinkOnce(home, plantedReader(more))).toMatchObject({ added: 0, repeated: 11 });
    for (const table of loggedTables) {
      const rows = await askLake<object>(home, table, (t) => `SELECT * FROM ${t}`);
      expect(rows).toHaveLength(1);
      const given = Object.entries(samples[table]).map(([name, value]: [string, unknown]) => [
        name,
        /^\d{4}-\d\d-\d\d/.test(String(value)) ? new Date(String(value)) : value,
      ]);
      expect(rows[0]).toMatchObject(Object.fromEntries(given) as object);
    }
  });

  test('goes on after what the lake holds', async () => {
    const entries = Array.from({ length: 6 }, (_, n) => entry(n, 'listens', [listen(n)]));
    await sinkOnce(home, plantedReader(entries.slice(0, 4)));
    expect(await sinkOnce(home, plantedReader(entries))).toMatchObject({ rows: 2, added: 2 });
    expect(await sinkOnce(home, plantedReader(entries))).toMatchObject({ batches: 0 });
    expect(await titles()).toHaveLength(6);
  });

  test('takes what comes late and out of order into the right day', async () => {
    const times = [
      '2026-11-20T23:59:59.999Z',
      '2024-02-29T00:00:00.000Z',
      '2026-11-21T00:00:00.000Z',
    ];
    const rows = times.map((time, n) => listen(n, Date.parse(time)));
    await sinkOnce(home, plantedReader([entry(0, 'listens', rows)]));
    await sinkOnce(
      home,
      plantedReader([
        entry(0, 'listens', rows),
        entry(1, 'listens', [listen(9, Date.parse(times[1]!))]),
      ]),
    );
    const { tables } = await openLake(home).snapshot();
    expect(tables.listens.map((file) => /day=([^/]*)/.exec(file)![1])).toEqual([
      '2024-02-29',
      '2024-02-29',
      '2026-11-20',
      '2026-11-21',
    ]);
    expect(await titles()).toHaveLength(4);
  });

  test('takes a row once, however often and in whichever batch it comes', async () => {
    const early = listen(3, Date.parse('2026-11-20T01:00:00Z'));
    const entries = [
      entry(0, 'listens', [listen(1), listen(1), listen(2), early]),
      entry(1, 'listens', [listen(2)]),
      // The two names of a pair may come the other way round.
      entry(2, 'listens', [{ ...listen(1), artist: 'Title 1', title: 'Artist 1' }]),
    ];
    expect(await sinkOnce(home, plantedReader(entries))).toMatchObject({ added: 3, repeated: 3 });
    const more = [...entries, entry(3, 'listens', [listen(2), listen(4), early])];
    expect(await sinkOnce(home, plantedReader(more))).toMatchObject({ added: 1, repeated: 2 });
  });

  test('says how many late rows it did not compare, where their day is too large', async () => {
    const many = Array.from({ length: 50 }, (_, n) =>
      listen(n, Date.parse('2026-11-20T10:00:00Z') + n * 60_000),
    );
    const first = plantedReader([entry(0, 'listens', many)]);
    await sinkOnce(home, first);
    const next = [entry(0, 'listens', many), entry(1, 'listens', [many[0]!, many[49]!])];
    let unchecked = 0;
    const totals = await sinkOnce(home, plantedReader(next), {
      comparedRows: 10,
      onBatch: (batch) => (unchecked += batch.unchecked),
    });
    expect([unchecked, totals.repeated]).toEqual([1, 1]);
  });

  test('keeps a row that is of no use with its reason, and takes the others', async () => {
    const good = JSON.stringify(listen(1));
    const lines = [
      good,
      'not json',
      '[1]',
      JSON.stringify({ ...listen(2), listened_at: 'yesterday' }),
      JSON.stringify({ ...listen(3), played_ms: 'long' }),
      JSON.stringify({ ...listen(4), title: '' }),
      JSON.stringify({ ...listen(5), listened_at: 'infinity' }),
      JSON.stringify({ ...listen(6), listener: undefined }),
      '{"listener":"\\ud800"}',
      '',
      JSON.stringify(listen(7)),
    ];
    const text = lines.join('\n');
    const bytes = Buffer.concat([Buffer.from(text), Buffer.from([10, 0xff, 0xfe, 10])]);
    const broken: ArrivedEntry = { ...entry(0, 'listens', ''), body: bytes };
    const after = entry(1, 'listens', [listen(8)]);
    const totals = await sinkOnce(home, plantedReader([broken, after]));
    expect(totals).toMatchObject({ added: 3, rejected: 9 });
    expect(await titles()).toEqual(['Title 1', 'Title 7', 'Title 8']);
    const folder = join(home, 'lake', 'rejects');
    const kept = (await readFile(join(folder, (await readdir(folder))[0]!), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { line: number; reason: string; raw: string });
    expect(kept.map(({ line, reason }) => `${line}: ${reason}`)).toEqual([
      '2: expected JSON',
      '3: expected a JSON object',
      '4: listened_at: expected TIMESTAMP',
      '5: played_ms: expected INTEGER',
      '6: title: expected a value',
      '7: listened_at: expected a time of this era',
      '8: listener: expected a value',
      expect.stringMatching(/^9: /),
      '12: expected UTF-8',
    ]);
    expect(kept[0]!.raw).toBe('not json');
    expect(JSON.parse(kept[3]!.raw)).toMatchObject({ played_ms: 'long' });
  });

  test('drops rows of a listener that came before their erasure, and takes later ones', async () => {
    const erasure = (listener: string, at: string) => ({
      happened_at: at,
      listener_hash: hashOf(listener),
    });
    const row = (n: number, listener: string) => ({ ...listen(n), listener });
    const entries = [
      entry(0, 'listens', [row(0, 'ann'), row(1, 'bob')]),
      entry(1, 'searches', [
        { happened_at: '2026-11-20T10:00:00.000Z', listener: 'ann', query: 'secret' },
      ]),
      entry(2, 'erasures', [erasure('ann', '2026-11-20T12:00:00.003Z')]),
      entry(3, 'listens', [row(2, 'ann'), row(3, 'bob')], Date.parse('2026-11-20T12:00:01Z')),
    ];
    expect(await sinkOnce(home, plantedReader(entries))).toMatchObject({ erased: 2, added: 4 });
    expect(await titles()).toEqual(['Title 1', 'Title 2', 'Title 3']);
    // An entry that had left its sender before, and came to the log after.
    const late = [
      ...entries,
      entry(4, 'listens', [row(4, 'ann'), row(5, 'bob')], Date.parse('2026-11-20T11:59:00Z')),
      entry(5, 'listens', [row(6, 'ann')], Date.parse('2026-11-20T12:00:02Z')),
    ];
    expect(await sinkOnce(home, plantedReader(late))).toMatchObject({ erased: 1, added: 2 });
    expect(await titles()).toEqual(['Title 1', 'Title 2', 'Title 3', 'Title 5', 'Title 6']);
  });

  test('cuts by size, so that a batch is small however much there is', async () => {
    const entries = Array.from({ length: 20 }, (_, n) =>
      entry(
        n,
        'listens',
        Array.from({ length: 10 }, (_x, k) => listen(n * 10 + k)),
      ),
    );
    const totals = await sinkOnce(home, plantedReader(entries), { cutBytes: 4000 });
    expect(totals.batches).toBeGreaterThan(3);
    expect(await titles()).toHaveLength(200);
  });

  test('says so where the log is not the one that the lake holds, or entries are gone', async () => {
    const entries = Array.from({ length: 6 }, (_, n) => entry(n, 'listens', [listen(n)]));
    await sinkOnce(home, plantedReader(entries.slice(0, 3)));
    const other = entries.map((one) => ({ ...one, mark: `x${one.offset}` }));
    await expect(sinkOnce(home, plantedReader(other))).rejects.toMatchObject({
      code: 'SOURCE_MISSING',
      message:
        'the log planted:log: expected entry 2, which the lake holds, got another one there: the broker has lost its log, or it is another broker; --accept-loss goes on with what is there',
    });
    await expect(sinkOnce(home, plantedReader(entries.slice(0, 1)))).rejects.toThrow(
      /got a log that ends at 0/,
    );
    await expect(sinkOnce(home, plantedReader(entries.slice(5)))).rejects.toThrow(
      /expected entry 3, which the lake needs next, got 5/,
    );
    const accepted = await sinkOnce(home, plantedReader(other), { acceptLoss: true });
    expect(accepted).toMatchObject({ rows: 6, added: 3, repeated: 3 });
  });

  test('says so where entries are thrown away while it reads, and none of those after is taken', async () => {
    const entries = Array.from({ length: 9 }, (_, n) => entry(n, 'listens', [listen(n)]));
    const left = entries.filter(({ offset }) => offset > 6);
    const seen = plantedReader(entries.filter(({ offset }) => offset < 4 || offset > 6));
    let readings = 0;
    const slow: LogReader = {
      ...seen,
      read: (from, signal) => (readings++ === 0 ? seen : plantedReader(left)).read(from, signal),
    };
    const sinking = sinkOnce(home, slow, { cutBytes: 1 });
    await expect(sinking).rejects.toMatchObject({
      code: 'SOURCE_MISSING',
      message: expect.stringContaining('expected entry 4, which the lake needs next, got 7: what'),
    });
    expect(await titles()).toHaveLength(4);
    const again = await sinkOnce(home, plantedReader(left), { acceptLoss: true });
    expect(again).toMatchObject({ added: 2 });
  });

  test('goes on where a number was given to no entry, as where a segment of a stream begins', async () => {
    const entries = [0, 1, 3, 5].map((n) => entry(n, 'listens', [listen(n)]));
    await sinkOnce(home, plantedReader(entries.slice(0, 2)));
    const totals = await sinkOnce(home, plantedReader(entries));
    expect(totals).toMatchObject({ added: 2 });
    expect(await titles()).toHaveLength(4);
  });

  test('has few files open, of however many seconds before an erasure its entries are', async () => {
    const erasedAt = Date.parse('2026-11-20T12:00:00Z');
    const erasure = {
      happened_at: new Date(erasedAt).toISOString(),
      listener_hash: hashOf('ann'),
    };
    const first = entry(0, 'erasures', [erasure]);
    await sinkOnce(home, plantedReader([first]));
    const late = Array.from({ length: 600 }, (_, n) =>
      entry(1 + n, 'listens', [listen(n)], erasedAt - 1000 * (1 + n)),
    );
    let most = 0;
    const planted = plantedReader([first, ...late]);
    const counting: LogReader = {
      ...planted,
      async *read(from, signal) {
        for await (const one of planted.read(from, signal)) {
          most = Math.max(most, openFilesIn(root.path));
          yield one;
        }
      },
    };
    const totals = await sinkOnce(home, counting);
    expect(totals).toMatchObject({ rows: 600, added: 600 });
    expect(most).toBeLessThanOrEqual(256);
  });

  test('closes the files of a batch that it cannot finish', async () => {
    const planted = plantedReader([entry(0, 'listens', [listen(0)])]);
    const breaking: LogReader = {
      ...planted,
      last: () => Promise.resolve(1),
      // eslint-disable-next-line @typescript-eslint/require-await
      async *read() {
        yield entry(0, 'listens', [listen(0)]);
        throw new Error('the broker is away');
      },
    };
    await expect(sinkOnce(home, breaking)).rejects.toThrow('the broker is away');
    expect(openFilesIn(root.path)).toBe(0);
  });

  test('two at once: the second adds nothing and says so', async () => {
    const entries = [entry(0, 'listens', [listen(0)]), entry(1, 'listens', [listen(1)])];
    const lake = openLake(home);
    let calls = 0;
    const overtaken: Lake = {
      ...lake,
      update: (work, signal) =>
        lake.update(async (update) => {
          // Between the reading of the offset and the commit.
          if (++calls === 2) await update.commitLog('planted:log', 0, []);
          return work(update);
        }, signal),
    };
    await expect(sinkOnce(home, plantedReader(entries), { lake: overtaken })).rejects.toMatchObject(
      {
        code: 'LOCKED',
      },
    );
    expect(await titles()).toEqual([]);
  });

  test('law: however the rows are cut and repeated, each is in the lake once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 8 }), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.integer({ min: 1, max: 2000 }),
        async (groups, cutBytes) => {
          const here = temporaryFolder();
          try {
            // Every seventh is of the day before.
            const rows = (ns: readonly number[]) =>
              ns.map((n) =>
                listen(
                  n,
                  Date.parse('2026-11-20T10:00:00Z') + n * 1000 - (n % 7 === 0 ? 86_400_000 : 0),
                ),
              );
            const entries = groups.map((ns, offset) => entry(offset, 'listens', rows(ns)));
            await sinkOnce(here.path, plantedReader(entries), {
              cutBytes,
              compaction: { fanIn: 2, mostRows: 100 },
            });
            const found = await askLake<{ title: string }>(
              here.path,
              'listens',
              (t) => `SELECT title FROM ${t}`,
            );
            const wanted = [...new Set(groups.flat())].map((n) => `Title ${n}`);
            expect(found.map(({ title }) => title).sort()).toEqual(wanted.sort());
          } finally {
            here.remove();
          }
        },
      ),
      { numRuns: 4, seed: 6 },
    );
  });
});

describe('compaction', () => {
  const entries = Array.from({ length: 12 }, (_, n) =>
    entry(n, 'listens', [listen(n), listen(100 + n)]),
  );
  const all = () => askLake(home, 'listens', (t) => `SELECT * FROM ${t} ORDER BY ALL`);

  test('leaves the same rows in fewer segments', async () => {
    await sinkOnce(home, plantedReader(entries), { cutBytes: 1, compaction: { fanIn: 1000 } });
    const before = await all();
    expect((await openLake(home).snapshot()).tables.listens).toHaveLength(12);
    const more = [...entries, ...[12, 13].map((n) => entry(n, 'listens', [listen(30 + n)]))];
    const { merges } = await sinkOnce(home, plantedReader(more), {
      cutBytes: 1,
      compaction: { fanIn: 4 },
    });
    expect(merges).toBeGreaterThan(0);
    expect((await openLake(home).snapshot()).tables.listens.length).toBeLessThan(8);
    const after = await all();
    expect(after).toHaveLength(before.length + 2);
    expect(after).toEqual(expect.arrayContaining(before));
  });

  test('leaves what a frozen week names as it was', async () => {
    await sinkOnce(home, plantedReader(entries.slice(0, 6)), {
      cutBytes: 1,
      compaction: { fanIn: 1000 },
    });
    const frozen = await openLake(home).snapshot();
    const before = await all();
    const book = openWeekBook(join(home, 'weeks', 'main'));
    await book.write({
      format: 1,
      week: '2026-W47',
      revision: 1,
      frozenAt: '2026-11-22T00:00:00.000Z',
      cutoff: '2026-11-16T00:00:00.000Z',
      trainingCutoffs: [],
      catalogue: 'all',
      options: weekOptions.parse({}),
      lake: { id: frozen.id, tables: { ...frozen.tables } as never },
      previous: [],
    });
    const lake = openLake(home, { keepReplacedMs: 0 });
    await sinkOnce(home, plantedReader(entries), { lake, cutBytes: 1, compaction: { fanIn: 2 } });
    expect((await lake.snapshot()).tables.listens.length).toBeLessThan(6);
    const { lake: named } = (await book.find('2026-W47'))!;
    expect(named.tables.listens).toHaveLength(6);
    const { openDuckdb } = await import('../../infra/duckdb.ts');
    const sql = await openDuckdb({ threads: 1 });
    const rows = await sql.rows(
      `SELECT * FROM ${fromLake('listens', named.tables.listens)} ORDER BY ALL`,
    );
    sql.dispose();
    expect(rows).toEqual(before);
  });

  test('does not touch what an import brought', async () => {
    await mkdir(join(home, 'lake'), { recursive: true });
    await openLake(home).update(async (update) => {
      for (const n of [0, 1, 2]) {
        const path = join(update.scratch, `${n}`);
        await writeFile(path, `${n}`);
        const counts = { rowsIn: 1, rowsOut: 1, tables: {}, dropped: {}, repaired: {} };
        await update.commit({ source: 'csv', fingerprint: `${n}`, counts }, [
          { path, table: 'searches', rows: 1 },
        ]);
      }
    });
    const { merges } = await sinkOnce(home, plantedReader(entries.slice(0, 1)), {
      compaction: { fanIn: 2 },
    });
    expect(merges).toBe(0);
    expect((await openLake(home).snapshot()).tables.searches).toHaveLength(3);
  });
});
