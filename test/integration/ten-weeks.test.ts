import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { WeeklyResult } from '../../workers/weekly.ts';
import { openCommandLine, type CommandLine, type NamedDocument } from '../support/command-line.ts';
import { tell } from '../support/figures.ts';
import { brokenRules, Heard, mondayOf } from '../support/list-rules.ts';
import { describeRealData, rawListens, realData, type RawListen } from '../support/real-data.ts';
import { takeRealHome } from '../support/real-home.ts';

jest.setTimeout(1_800_000);

const weeks = Array.from({ length: 10 }, (_, n) => `2014-W${27 + n}`);

describeRealData('ten successive weeks of the real data', () => {
  let cli: CommandLine;
  let listens: RawListen[];
  let leads: string[];
  let ofWeek: ReadonlyMap<string, NamedDocument[]>;

  beforeAll(async () => {
    cli = await openCommandLine();
    const reused = await takeRealHome(cli.home);
    const result = await cli.json<WeeklyResult>(
      ...['weekly', '--backfill', `${weeks[0]!}..${weeks.at(-1)!}`, '--data', realData],
    );
    expect(result.weeks.map(({ week }) => week)).toEqual(weeks);
    const documents = await cli.documents();
    ofWeek = new Map(weeks.map((week) => [week, documents.filter((one) => one.week === week)]));
    expect([...ofWeek.values()].flat()).toHaveLength(documents.length);
    listens = await rawListens();
    leads = documents.flatMap(({ tracks }) => tracks.map(({ artists }) => artists[0]!));
    tell('ten weeks', {
      seconds: result.seconds,
      'peak MB': result.peakMemoryMb,
      'features reused': String(reused),
    });
  });
  afterAll(() => cli.dispose());

  test.each(weeks)('%s has a list, good by every rule, for whoever was known by then', (week) => {
    const documents = ofWeek.get(week)!;
    const heard = new Heard(listens, `${mondayOf(week)}T00:00:00Z`, leads);
    expect(documents.map(({ user }) => user).sort()).toEqual(heard.listeners);
    const broken = documents.flatMap((document) => [
      ...brokenRules(document).map((rule) => `${document._id}: ${rule}`),
      ...document.tracks
        .filter((track) => heard.has(document.user, track))
        .map(({ artists, title }) => `${document._id}: heard ${artists[0]!} - ${title}`),
    ]);
    expect(broken).toEqual([]);
  });

  test('no track returns within eight weeks, in this version or another', () => {
    const judge = new Heard([], '', leads);
    const lastIn = new Map<string, number>();
    const returned: string[] = [];
    let afterwards = 0;
    weeks.forEach((week, n) => {
      const keysOf = ({ user, tracks }: NamedDocument) => [
        ...tracks.map(({ trackId }) => `${user} ${trackId}`),
        ...tracks.map((track) => `${user} ${judge.workOf(track)}`),
      ];
      for (const key of ofWeek.get(week)!.flatMap(keysOf)) {
        const before = lastIn.get(key);
        if (before !== undefined && n - before <= 8) {
          returned.push(`${week} ${key}, as in ${weeks[before]!}`);
        } else if (before !== undefined) afterwards++;
        lastIn.set(key, n);
      }
    });
    tell('tracks of ten weeks', { different: lastIn.size / 2, 'back later': afterwards / 2 });
    expect(returned).toEqual([]);
  });

  test('later weeks know more listeners', () => {
    const counts = weeks.map((week) => ofWeek.get(week)!.length);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts[0]).toBeLessThan(counts.at(-1)!);
    expect(counts.at(-1)).toBe(2931);
  });
});
