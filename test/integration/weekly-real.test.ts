import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ianaZone } from '../../model/zone-names.ts';
import { sourceNames } from '../../model/candidates/pool.ts';
import type { WeekStatus } from '../../pipelines/delivery/status.ts';
import type { WeeklyResult } from '../../workers/weekly.ts';
import {
  openCommandLine,
  withoutTime,
  type CommandLine,
  type NamedDocument,
} from '../support/command-line.ts';
import { tell } from '../support/figures.ts';
import { brokenRules, Heard } from '../support/list-rules.ts';
import { describeRealData, rawListens, realData, type RawListen } from '../support/real-data.ts';
import { keepRealHome } from '../support/real-home.ts';

jest.setTimeout(1_800_000);

const week = '2014-W36';
const weekly = ['weekly', '--data', realData, '--week', week] as const;

describeRealData(`week ${week} of the real data`, () => {
  let cli: CommandLine;
  let result: WeeklyResult;
  let listens: RawListen[];
  let documents: NamedDocument[];

  beforeAll(async () => {
    cli = await openCommandLine();
    listens = await rawListens();
    result = await cli.json<WeeklyResult>(...weekly);
    documents = await cli.documents();
    await keepRealHome(cli.home);
  });
  afterAll(() => cli.dispose());

  test('every listener of the file has exactly one list', () => {
    const listeners = [...new Set(listens.map(({ user }) => user))].sort();
    expect(listeners).toHaveLength(2931);
    expect(documents.map(({ user }) => user).sort()).toEqual(listeners);
    expect(new Set(documents.map((document) => document.week))).toEqual(new Set([week]));
  });

  test('every list has 30 tracks by 30 lead artists, a reason for each, and its Monday', () => {
    const broken = documents.flatMap((document) =>
      brokenRules(document).map((rule) => `${document._id}: ${rule}`),
    );
    expect(broken).toEqual([]);
  });

  test('nobody is given what they have heard, in this version or another', () => {
    const leads = documents.flatMap(({ tracks }) => tracks.map(({ artists }) => artists[0]!));
    const heard = new Heard(listens, '2014-09-01T00:00:00Z', leads);
    const again = documents.flatMap(({ user, tracks }) =>
      tracks
        .filter((track) => heard.has(user, track))
        .map(({ artists, title }) => `${user}: ${artists.join(', ')} - ${title}`),
    );
    expect(again).toEqual([]);
  });

  test('the zone is that of the newest listen that has one', () => {
    const newest = new Map<string, RawListen>();
    for (const listen of listens) {
      const known = newest.get(listen.user);
      if (listen.time_zone === '') continue;
      if (known === undefined || known.timestamp_utc <= listen.timestamp_utc) {
        newest.set(listen.user, listen);
      }
    }
    expect(newest.size).toBeGreaterThan(2700);
    for (const { user, zone } of documents) {
      const named = newest.get(user)?.time_zone;
      if (named !== undefined) expect([user, zone]).toEqual([user, ianaZone(named)]);
    }
  });

  test('every list names the model, and its tracks come from at least four sources', () => {
    const [made] = result.weeks;
    expect(new Set(documents.map(({ model }) => model))).toEqual(new Set([made!.model]));
    expect(made!.figures['candidatesLeast']).toBeGreaterThanOrEqual(200);
    const tracks = documents.flatMap((document) => document.tracks);
    const shares = sourceNames.map(
      (name) => tracks.filter(({ source }) => source === name).length / tracks.length,
    );
    expect(shares.filter((share) => share > 0).length).toBeGreaterThanOrEqual(4);
    sourceNames.forEach((name, n) =>
      expect(made!.figures[`share/${name}`] ?? 0).toBeCloseTo(shares[n]!, 9),
    );
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    tell(
      'share of the tracks by source',
      Object.fromEntries(sourceNames.map((name, n) => [name, shares[n]!])),
    );
  });

  test('the status shows all delivered, none late, failed or missing', async () => {
    const { total, zones } = await cli.json<WeekStatus>('status', '--week', week);
    expect(total).toEqual({
      listeners: 2931,
      due: 2931,
      delivered: 2931,
      // The week was over long before.
      ...{ by00: 0, by06: 0, now: 2931 },
      late: 0,
      failed: 0,
      missing: 0,
    });
    expect(zones).toHaveLength(new Set(documents.map(({ zone }) => zone)).size);
  });

  test('a second run changes nothing and publishes nothing', async () => {
    const again = await cli.json<WeeklyResult>(...weekly);
    expect(again.weeks[0]!.delivery).toMatchObject({ delivered: 2931, already: 2931 });
    expect(again.weeks[0]!.content).toBe(result.weeks[0]!.content);
    expect(await cli.documents()).toEqual(documents);
    tell('the second run', { seconds: again.seconds, 'peak MB': again.peakMemoryMb });
  });

  test('a re-delivery of Asia changes no track, duplicates nothing and raises revisions there alone', async () => {
    const asian = documents.filter(({ zone }) => zone.startsWith('Asia/'));
    expect(asian.length).toBeGreaterThan(500);
    const summary = await cli.json('redeliver', '--region', 'Asia', '--week', week);
    expect(summary).toMatchObject({ listeners: asian.length, delivered: asian.length, failed: 0 });
    const after = await cli.documents();
    expect(after.map(withoutTime)).toEqual(
      documents.map((document) => {
        const { zone } = document;
        const delivered = withoutTime(document);
        if (!zone.startsWith('Asia/')) return delivered;
        return { ...delivered, revision: 2, order: `${week}:${zone}:2` };
      }),
    );
    const { total } = await cli.json<WeekStatus>('status', '--week', week);
    expect(total).toMatchObject({ listeners: 2931, delivered: 2931, late: 0, failed: 0 });
  });

  test('the whole run stays within 3 GB', () => {
    // How long it takes is said and not judged: machines differ.
    tell('the whole run', { seconds: result.seconds, 'peak MB': result.peakMemoryMb });
    expect(result.peakMemoryMb).toBeLessThan(3 * 1024);
  });
});
