import { afterAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { join } from 'node:path';
import { importInto, listensOf, spotifyRow, writeZip } from '../support/history.ts';
import { lakeFiles, temporaryFolder, writeSources } from '../support/sources.ts';

/** Laws of imports, over histories that are made at random. */

jest.setTimeout(300_000);

const root = temporaryFolder();
afterAll(() => root.remove());

let serial = 0;
const fresh = (name: string) => join(root.path, `${name}-${serial++}`);

const row = fc
  .record({
    second: fc.integer({ min: 0, max: 40 }),
    ms_played: fc.constantFrom(30000, 31500, 200000, 12000),
    title: fc.constantFrom('Cody', 'Déjà "vu"', 'Low\nLow', null),
    reason_end: fc.constantFrom('trackdone', 'fwdbtn', 'logout'),
  })
  .map(({ second, ms_played, title, reason_end }) =>
    spotifyRow({
      ts: new Date(Date.UTC(2020, 0, 1, 0, 0, second)).toISOString().replace('.000Z', 'Z'),
      ms_played,
      reason_end,
      master_metadata_track_name: title,
      ...(title === null && { master_metadata_album_artist_name: null }),
    }),
  );
const history = fc.array(row, { minLength: 4, maxLength: 30 }).map((rows) => [
  ...rows,
  spotifyRow(), // so that one at least can be used
]);

/** The listens of a history, worked out by hand. */
function listensByHand(rows: readonly Record<string, unknown>[]): string[] {
  const listens = rows
    .filter((r) => r.master_metadata_track_name !== null)
    .filter((r) => Number(r.ms_played) >= 30000 || r.reason_end === 'trackdone')
    .map((r) => {
      const begun = new Date(Date.parse(String(r.ts)) - Number(r.ms_played));
      return `${begun.toISOString()} ${String(r.master_metadata_track_name)}`;
    });
  return [...new Set(listens)].sort();
}

async function listensIn(home: string): Promise<string[]> {
  return (await listensOf(home))
    .map(([at, , title]) => `${String(at).replace(' ', 'T')}Z ${String(title)}`)
    .sort();
}

test('files in any order and any cut give the listens that are worked out by hand', async () => {
  await fc.assert(
    fc.asyncProperty(
      history,
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      async (rows, cut, zip) => {
        const parts = Array.from({ length: cut }, (_, i) => rows.filter((_, n) => n % cut === i));
        const names = (order: number) =>
          Object.fromEntries(
            parts.map((part, i) => [
              `Streaming_History_Audio_2020_${Math.abs(order - i)}.json`,
              JSON.stringify(part, null, i),
            ]),
          );
        const home = fresh('home');
        const path = zip
          ? await writeZip(`${fresh('data')}.zip`, names(0))
          : await writeSources(fresh('data'), names(0));
        await importInto(home, path);
        const expected = listensByHand(rows);
        expect(await listensIn(home)).toEqual(expected);
        // The same rows in files the other way round: nothing is new.
        const turned = await importInto(home, await writeSources(fresh('data'), names(cut)));
        expect(turned.rowsOut).toBe(0);
        expect(await listensIn(home)).toEqual(expected);
      },
    ),
    { numRuns: 4 },
  );
});

test('imported twice is imported once, and grown is imported whole', async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.nat(), async (rows, n) => {
      const known = [...rows.slice(0, n % rows.length), spotifyRow()];
      const home = fresh('home');
      const data = fresh('data');
      const name = 'Streaming_History_Audio_2020_0.json';
      await writeSources(data, { [name]: JSON.stringify(known) });
      await importInto(home, data);
      const before = await lakeFiles(home);
      expect((await importInto(home, data)).reused).toBe(true);
      expect(await lakeFiles(home)).toEqual(before);
      await writeSources(data, { [name]: JSON.stringify(rows) });
      await importInto(home, data);
      expect(await listensIn(home)).toEqual(listensByHand(rows));
    }),
    { numRuns: 3 },
  );
});

test('the same history gives the same bytes', async () => {
  const rows = Array.from({ length: 300 }, (_, i) =>
    spotifyRow({
      ts: new Date(Date.UTC(2020, 0, 1, 0, i)).toISOString(),
      ms_played: 20000 + 100 * i,
    }),
  );
  const data = await writeSources(fresh('data'), {
    'Streaming_History_Audio_2020_0.json': JSON.stringify(rows),
  });
  const [a, b] = [fresh('home'), fresh('home')];
  await importInto(a, data);
  await importInto(b, data);
  expect(await lakeFiles(b)).toEqual(await lakeFiles(a));
});
