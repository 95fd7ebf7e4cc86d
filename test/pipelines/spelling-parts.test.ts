import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openArtifacts } from '../../infra/artifacts.ts';
import { openDuckdb } from '../../infra/duckdb.ts';
import { openLake } from '../../infra/lake.ts';
import { parseCredits, settledCredits } from '../../model/matching.ts';
import { catalogue } from '../../pipelines/catalogue.ts';
import { Runner, type StoredArtifact } from '../../pipelines/runner.ts';
import { catalogueOf } from '../../pipelines/spelling-parts.ts';
import { fingerprintOf, step, type Source, type Step } from '../../pipelines/step.ts';
import { lakeSource } from '../../pipelines/week-plan.ts';
import { writeLog } from '../support/log-rows.ts';
import { temporaryFolder } from '../support/sources.ts';

const home = temporaryFolder();
const listen = (day: string, artist: string, title: string, listener = 'ann') => ({
  ...{ listened_at: `${day} 12:00:00`, listener, artist, title },
});
/** Of whom it is known only from others whether they are one artist or two. */
const pair = 'Simon & Garfunkel';

beforeAll(async () => {
  await writeLog(home.path, 1, {
    listens: [
      listen('2026-03-10', pair, 'The Boxer'),
      listen('2026-03-11', 'Mogwai', 'Cody'),
      listen('2026-04-01', 'MOGWAI', 'Cody (Live)'),
      listen('2026-04-02', 'Air feat. Beck', 'Don’t Be Light', 'bob'),
    ],
    recordings: [
      { recording_id: 'r1', title: 'The Boxer', artists: ['Simon'], genres: ['folk'] },
      { recording_id: 'r2', title: 'Cody - Remastered', artists: ['Mogwai'], genres: [] },
    ],
    feedback: [
      { happened_at: '2026-04-02', listener: 'bob', kind: 'love', artist: 'Low', title: 'Lullaby' },
    ],
  });
});
afterAll(() => home.remove());

/** Makes a step; gives it with the parts that were not there yet. */
async function make(goal: Step): Promise<{ made: StoredArtifact; parts: string[] }> {
  const runner = new Runner({
    artifacts: openArtifacts(join(home.path, 'artifacts')),
    openSql: () => openDuckdb({ threads: 1 }),
    clock: () => 0,
    memoryMb: () => 0,
    signal: new AbortController().signal,
  });
  const made = await runner.make(goal);
  const fresh = runner.funnels.filter(({ funnel }) => !funnel.reused).map(({ label }) => label);
  return { made, parts: fresh.filter((label) => label.startsWith('spellings')).sort() };
}

function bytesOf({ folder }: StoredArtifact): [string, string][] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.parquet'));
  return files.sort().map((file) => [file, readFileSync(join(folder, file), 'base64')]);
}

async function made(): Promise<string[]> {
  const lake = await openLake(home.path).snapshot();
  const byParts = await make(catalogueOf(lake));
  const whole = await make(step(catalogue, {}, { lake: lakeSource(lake) }));
  expect(bytesOf(byParts.made)).toEqual(bytesOf(whole.made));
  return byParts.parts;
}

test('from its parts comes the same catalogue, byte for byte, and a new day costs the day', async () => {
  const first = await made();
  expect(first.map((label) => label.replace(/recordings-.*/, 'recordings'))).toEqual([
    'spellings 2026-03',
    'spellings 2026-04-01',
    'spellings 2026-04-02',
    'spellings recordings',
  ]);
  await writeLog(home.path, 2, { listens: [listen('2026-04-03', 'Mogwai', 'Kids')] });
  expect(await made()).toEqual(['spellings 2026-04-03']);
  // Late ones cost their day or month, and change who is known.
  await writeLog(home.path, 3, {
    listens: ['cid', 'dan', 'eve'].map((who) => listen('2026-03-11', 'Simon', 'The Boxer', who)),
  });
  expect(await made()).toEqual(['spellings 2026-03']);
});

test('who is credited is settled only where nobody’s being known could change it', () => {
  const word = fc.constantFrom('Simon', 'Garfunkel', 'The The', 'Beck', 'Air', 'Low', 'DJ');
  const joint = fc.constantFrom(' & ', ' feat. ', ', ', ' vs. ', ' / ', ' and the ', ' x ', ' ');
  const joined = fc
    .array(fc.tuple(word, joint), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.map(([name, by], n) => (n === 0 ? name : by + name)).join(''));
  let settled = 0;
  let open = 0;
  fc.assert(
    fc.property(joined, joined, fc.integer(), (artist, title, seed) => {
      const credits = settledCredits(artist, title);
      if (credits === undefined) return void open++;
      settled++;
      // Any predicate: known or not by a hash of the name.
      const isKnown = (name: string) =>
        [...name].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) | 0, seed) % 2 === 0;
      expect(parseCredits(artist, title, isKnown)).toEqual(credits);
    }),
    { numRuns: 2000, seed: 1 },
  );
  expect(Math.min(settled, open)).toBeGreaterThan(200);
  expect(settledCredits(pair, 'The Boxer')).toBeUndefined();
});

test('a frozen lake that lost somebody since is made of the same parts, without them', async () => {
  const lake = await openLake(home.path).snapshot();
  const before = catalogueOf(lake);
  // As an erasure leaves a frozen week: of each day with Ann one file without her, of another name.
  const [first, second, ...rest] = lake.tables.listens;
  const instead = (path: string) => path.replace(/[^/]+$/, 'merged-0123456789abcdef.parquet');
  const after = {
    ...lake,
    tables: { ...lake.tables, listens: [...rest, instead(second!), instead(first!)] },
    replaced: { [first!]: [instead(first!)], [second!]: [instead(second!)] },
  };
  expect(fingerprintOf(catalogueOf(after))).toBe(fingerprintOf(before));
  const filesOf = (of: typeof after) =>
    Object.values(catalogueOf(of).inputs).flatMap((input) =>
      'stage' in input ? (input.inputs['part'] as Source).tables.flatMap(({ file }) => file) : [],
    );
  const spelled = [...after.tables.listens, ...after.tables.recordings];
  expect(filesOf(after).sort()).toEqual(spelled.sort());
  // What took the place of both is read once; what nothing took the place of, not at all.
  const one = { ...after, replaced: { [first!]: [instead(first!)], [second!]: [instead(first!)] } };
  expect(filesOf(one).filter((file) => file === instead(first!))).toHaveLength(1);
  const none = {
    ...after,
    tables: { ...lake.tables, listens: rest },
    replaced: { [first!]: [], [second!]: [] },
  };
  expect(fingerprintOf(catalogueOf(none))).toBe(fingerprintOf(before));
  // A lake that was imported as a whole does not become one that a log feeds.
  const plain = (path: string) => path.replace(/[^/]+$/, 'plain-data-0123456789ab.parquet');
  const imported = {
    ...lake,
    tables: { ...lake.tables, listens: [plain(first!)], recordings: [] },
  };
  const erased = {
    ...imported,
    tables: { ...imported.tables, listens: [instead(first!)] },
    replaced: { [plain(first!)]: [instead(first!)] },
  };
  expect(Object.keys(catalogueOf(erased).inputs)).toEqual(['lake']);
});
