import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { acquireLock } from '../../infra/lock.ts';
import { brokenRows, makeHome, week, type MadeHome } from '../support/made-home.ts';
import { mondaymix } from '../support/operator.ts';
import { readRejects } from '../support/sources.ts';

/**
 * Sources, weeks and regions that cannot be used, in a home that has made a week: each mistake is
 * told in one line and leaves the home as it was. No server is needed.
 */

jest.setTimeout(600_000);

let at: MadeHome;
beforeAll(async () => {
  at = await makeHome();
});
afterAll(() => at.remove());

test('broken rows and unknown zones are counted by reason and kept aside; the run goes on', async () => {
  const [imported] = at.made.imported;
  expect(imported!.dropped).toEqual({
    'bad date': 1,
    'unknown time zone': 1,
    'wrong number of columns': 1,
  });
  expect(imported!.rowsIn).toBe(imported!.rowsOut + 3);
  expect((await readRejects(at.home)).map(({ file, reason, raw }) => [file, reason, raw])).toEqual([
    ['listens.csv', 'bad date', brokenRows[0]],
    ['listens.csv', 'unknown time zone', brokenRows[1]],
    ['listens.csv', 'wrong number of columns', brokenRows[2]],
  ]);
  expect(at.made.weeks[0]!.listeners).toBe(60);
  expect(readdirSync(join(at.home, 'artifacts'))).not.toContain('.building');
});

describe('sources that cannot be used', () => {
  const folder = () => join(at.root, 'other');
  const file = () => join(folder(), 'listens.csv');
  const header = 'listened_at,listener,zone,language,artist,title\n';
  const columns = 'listened_at, listener, artist, title and at will zone, language';

  test.each<[what: string, write: () => void, message: string]>([
    ['no folder', () => undefined, '<root>/other: expected a folder with sources, found nothing'],
    [
      'a folder without sources',
      () => mkdirSync(folder()),
      '<root>/other: expected listens/nowplaying-2014.csv or listens.csv, found no source that is known',
    ],
    [
      'a file that cannot be read',
      () => mkdirSync(file(), { recursive: true }),
      '<root>/other/listens.csv: expected a readable file, got a folder',
    ],
    [
      'a file that was cut off',
      () => {
        mkdirSync(folder());
        writeFileSync(
          `${file()}.gz`,
          gzipSync(readFileSync(join(at.data, 'listens.csv'))).subarray(0, 9999),
        );
      },
      '<root>/other/listens.csv.gz: expected a whole gzip file, got one that ends too early',
    ],
    [
      'a wrong column',
      () => {
        mkdirSync(folder());
        writeFileSync(
          file(),
          `${header.replace('artist', 'performer')}2025-12-20T10:00:00Z,a,,,b,c\n`,
        );
      },
      `<root>/other/listens.csv: expected the columns ${columns}, got listened_at, listener, zone, language, performer, title`,
    ],
    [
      'an empty source',
      () => {
        mkdirSync(folder());
        writeFileSync(file(), header);
      },
      '<root>/other/listens.csv: expected at least one row, got a header alone',
    ],
    [
      'nothing but broken rows',
      () => {
        mkdirSync(folder());
        writeFileSync(file(), `${header}now,a,,,b,c\nthen,a,,,b,c\n`);
      },
      '<root>/other/listens.csv: expected rows that can be used, got none; most often: bad date (2 rows, the first in line 2)',
    ],
  ])('%s', async (_what, write, message) => {
    rmSync(folder(), { recursive: true, force: true });
    write();
    expect(await at.toldOfWeekly(['--week', week], folder())).toEqual({ code: 1, message });
    expect(await at.told(['import', folder(), '--home', at.home, '--json'])).toEqual({
      code: 1,
      message,
    });
  });

  test('a scheduler that is to import a folder that is not there says so when it is started', async () => {
    const nowhere = join(at.root, 'nowhere');
    expect(await at.told(['scheduler', '--home', at.home, '--data', nowhere])).toEqual({
      code: 1,
      message: '<root>/nowhere: expected a folder with sources, found nothing',
    });
  });

  test('once they are corrected, the same command goes through in the same home', async () => {
    rmSync(folder(), { recursive: true, force: true });
    cpSync(at.data, folder(), { recursive: true });
    const { code, output } = await mondaymix(['import', folder(), '--home', at.home, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      imported: [{ source: 'plain-other', reused: false }],
    });
  });
});

test('a run that is stopped says so in one line, and goes on when it is asked again', async () => {
  const args = ['weekly', '--home', join(at.root, 'stopped'), '--data', at.data, '--no-deliver'];
  const { code, output, errors } = await mondaymix([...args, '--json'], {}, '  catalogue: ');
  expect({ code, output }).toEqual({ code: 1, output: '' });
  expect(errors).toMatch(/\nmondaymix: stopped by SIGINT; the same command goes on from here\n$/);
  expect(errors).not.toMatch(/^\s+at /m);
  const again = await mondaymix([...args, '--json']);
  expect(again.errors).toContain('  catalogue: ');
  const { weeks } = JSON.parse(again.output) as typeof at.made;
  expect(weeks[0]!.content).toBe(at.made.weeks[0]!.content);
});

describe('weeks that cannot be made or found', () => {
  test('no listeners before the cut-off', async () => {
    const { code, message } = await at.toldOfWeekly(['--week', '2025-W40']);
    expect(code).toBe(1);
    expect(message).toMatch(
      /^week 2025-W40: expected listens before its cut-off 2025-09-29T00:00:00.000Z, the lake holds listens from 2025-12-\S+ to 2026-01-\S+$/,
    );
  });

  test('a frozen week asked for with other options', async () => {
    const remedy = '--recompute makes a new revision';
    expect(await at.toldOfWeekly(['--week', week, '--seed', '2'])).toEqual({
      code: 2,
      message: `week ${week} is frozen with seed = 1, got 2; ${remedy}`,
    });
    expect(await at.toldOfWeekly(['--week', week, '--catalogue', 'all'])).toEqual({
      code: 2,
      message: `week ${week} is frozen with catalogue = asof, got all; ${remedy}`,
    });
  });

  test('a home in which another process makes weeks', async () => {
    const what = 'a run of weeks';
    const release = await acquireLock(join(at.home, 'weekly.lock'), { waitMs: 0, what });
    try {
      const { code, message } = await at.toldOfWeekly(['--week', week]);
      expect(code).toBe(1);
      expect(message).toMatch(/^the weeks of <home>: expected nobody else /);
      expect(message).toContain(` process ${process.pid} `);
    } finally {
      release();
    }
  });

  test.each(['status', 'redeliver --region Asia', 'reconcile'])(
    '%s of a week that was not made, before any server is sought',
    async (args) => {
      const command = [...args.split(' '), '--json', '--home'];
      expect(await at.told([...command, at.home, '--week', '2026-W03'])).toEqual({
        code: 1,
        message: `week 2026-W03: expected a week that was made; the newest are ${week}`,
      });
      expect(await at.told([...command, join(at.root, 'nothing')])).toEqual({
        code: 1,
        message: 'expected a week that was made, got none so far; npx mondaymix weekly makes one',
      });
      expect(readdirSync(at.home)).not.toContain('servers');
    },
  );

  test.each<[args: string, code: number, message: RegExp]>([
    [
      '--region Asai',
      1,
      /^week 2026-W02: expected a region that has lists, got "Asai"; near ones: Asia, /,
    ],
    ['--zone Asia/Jakata', 1, /got "Asia\/Jakata"; near ones: Asia\/Jakarta, /],
    ['--country Indonesien', 1, /got "Indonesien"; near ones: ID \(Indonesia\), /],
    ['--group launch', 1, /expected a group that has lists, got "launch"; there is none$/],
    [
      '--region Asia --country ID',
      2,
      /^expected exactly one of region, country, zone and group, got region and country; see npx mondaymix redeliver --help$/,
    ],
    ['', 2, /^expected exactly one of region, country, zone and group, got none; see /],
  ])('redeliver %s', async (args, code, message) => {
    const mistake = await at.told([
      'redeliver',
      '--home',
      at.home,
      ...args.split(' ').filter(Boolean),
    ]);
    expect(mistake).toEqual({ code, message: expect.stringMatching(message) });
    expect(readdirSync(at.home)).not.toContain('servers');
  });
});
