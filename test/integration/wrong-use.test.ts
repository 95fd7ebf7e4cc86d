import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { mistakeOf, mondaymix } from '../support/operator.ts';
import { temporaryFolder, writeSources } from '../support/sources.ts';

/** The command line used wrongly: exit 2, one line, and nothing was begun. */

jest.setTimeout(600_000);

const root = temporaryFolder();
const home = join(root.path, 'home');
afterAll(() => root.remove());

const commands = [
  ...['weekly', 'scheduler', 'deliver', 'api', 'status', 'redeliver', 'reconcile', 'dead-letters'],
  ...['import', 'import-history', 'ingest', 'crawl', 'audio', 'sources', 'prepare', 'simulate'],
  ...['evaluate', 'models', 'notebooks', 'profile', 'erase', 'sql', 'token', 'up', 'down'],
];

describe('wrong use is told in one line, and nothing is begun', () => {
  test.concurrent.each<[what: string, args: string, message: string]>([
    [
      'an unknown command',
      'weakly',
      "unknown command 'weakly' (Did you mean weekly?); see npx mondaymix --help",
    ],
    [
      'an unknown option',
      'weekly --wek 2014-W36',
      "unknown option '--wek' (Did you mean --week?); see npx mondaymix weekly --help",
    ],
    [
      'a value that is missing',
      'weekly --data',
      "option '--data <folder>' argument missing; see npx mondaymix weekly --help",
    ],
    [
      'an argument that is missing',
      'import',
      "missing required argument 'folder'; see npx mondaymix import --help",
    ],
    [
      'an argument too many',
      'weekly 2014-W36',
      "too many arguments for 'weekly'. Expected 0 arguments but got 1.; see npx mondaymix weekly --help",
    ],
    [
      'the lake and simulated listeners',
      'weekly --lake --listeners 10',
      'expected --lake alone, got --data or simulated listeners with it; see npx mondaymix weekly --help',
    ],
    [
      'a week without its W',
      'weekly --week 2014-36',
      '--week: expected a week such as "2014-W36", got "2014-36"',
    ],
    [
      'a week that no year has',
      'status --week 2014-W54',
      '--week: expected a week such as "2014-W36", got "2014-W54"',
    ],
    [
      'week 53 of a year of 52',
      'weekly --week 2014-W53',
      '--week: expected a week of 2014, which ends with 2014-W52, got "2014-W53"',
    ],
    [
      'a malformed range of weeks',
      'weekly --backfill 2014-W20-W36',
      '--backfill: expected weeks such as "2014-W20..2014-W36", got "2014-W20-W36"',
    ],
    [
      'a range that ends before it begins',
      'weekly --backfill 2014-W36..2014-W20',
      '--backfill: expected weeks in ascending order, got "2014-W36..2014-W20"',
    ],
    [
      'a week and a range',
      'weekly --week 2014-W36 --backfill 2014-W20..2014-W36',
      'expected --week or --backfill, got both; see npx mondaymix weekly --help',
    ],
    [
      'an unknown stage',
      'weekly --from rank',
      '--from: expected one of spellings, catalogue, mentions, text, embedding, snapshot, trends, sounds, factors, examples, ranker, gate, lists, got "rank"',
    ],
    [
      'an unknown mode of the catalogue',
      'weekly --catalogue some',
      '--catalogue: expected one of asof, all, got "some"',
    ],
    [
      'a seed that is no number',
      'weekly --seed 1.5',
      '--seed: expected a whole number of at least 0, got "1.5"',
    ],
    [
      'too small a simulation',
      'weekly --tracks 10',
      '--tracks: expected a whole number of at least 500, got "10"',
    ],
    [
      'sources and a simulation',
      'weekly --data x --listeners 10',
      'expected --data, or --listeners and --tracks for simulated data, got both; see npx mondaymix weekly --help',
    ],
    [
      'a token for nobody',
      'token',
      'expected one of --user and --operations, got none; see npx mondaymix token --help',
    ],
    [
      'a token for two',
      'token --user ann --operations',
      'expected one of --user and --operations, got both; see npx mondaymix token --help',
    ],
    [
      'a simulation that does not end on a Monday',
      `simulate ${root.path}/new --ends-on 2026-01-06`,
      'simulation, endsOn: expected a Monday such as 2026-01-05, got "2026-01-06"',
    ],
    [
      'a simulation in place of something else',
      `simulate ${import.meta.filename}`,
      `${import.meta.filename}: expected a free place, an empty folder or an earlier simulation, got a file`,
    ],
  ])('%s', async (_what, args, message) => {
    expect(await mistakeOf([...args.split(' '), '--home', home])).toEqual({ code: 2, message });
    expect(readdirSync(root.path)).toEqual([]);
  });
});

describe('a malformed environment variable is named with its value', () => {
  test.concurrent.each<[name: string, value: string, message: string]>([
    ['API_PORT', 'abc', 'expected a port from 0 to 65535, got "abc"'],
    ['API_PORT', '70000', 'expected a port from 0 to 65535, got "70000"'],
    ['LOG_LEVEL', 'loud', 'expected fatal, error, warn, info, debug or silent, got "loud"'],
    [
      'MONDAYMIX_NAMESPACE',
      'A.b',
      'expected up to 31 of a-z, 0-9, _ and -, beginning with a letter, got "A.b"',
    ],
    [
      'REGION_GROUPS',
      '{"launch":[]}',
      'expected JSON such as {"launch":["Asia/Jakarta"]}, got "{"launch":[]}"',
    ],
    [
      'REDIS_URL',
      'http://me:secret@cache:6379',
      'expected redis://user:password@host:port, got "http://…@cache:6379"',
    ],
    ['MONGODB_URL', 'me:secret@store', 'expected mongodb://user:password@host:port, got "…@store"'],
  ])('%s=%s', async (name, value, message) => {
    const told = await mistakeOf(['token', '--user', 'ann', '--home', home], { [name]: value });
    expect(told).toEqual({ code: 1, message: `environment variable ${name}: ${message}` });
    expect(existsSync(home)).toBe(false);
  });
});

test('a home that cannot be written is told with the reason of the file system', async () => {
  const other = temporaryFolder();
  const listens = 'listened_at,listener,artist,title\n2014-05-01T10:00:00Z,ann,Mogwai,Cody';
  await writeSources(other.path, { 'data/listens.csv': listens, file: '' });
  const below = join(other.path, 'file', 'home');
  const told = await mistakeOf(['import', join(other.path, 'data'), '--home', below]);
  other.remove();
  expect(told).toEqual({
    code: 1,
    message: `ENOTDIR: not a directory, mkdir '${join(below, 'lake')}'`,
  });
});

test('without a command the help is shown, as for wrong use', async () => {
  const { code, output, errors } = await mondaymix([]);
  expect({ code, output }).toEqual({ code: 2, output: '' });
  for (const name of commands) expect(errors).toMatch(new RegExp(`^ {2}${name} `, 'm'));
});

test.concurrent.each(commands)(
  'the help of %s ends with an example that begins with it',
  async (name) => {
    const { code, output, errors } = await mondaymix([name, '--help']);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(new RegExp(`\\nExample:\\n {2}npx mondaymix ${name}\\b.*\\n$`));
  },
);

test('a reader who has gone (| head) is no failure and no stack', async () => {
  const cli = resolve(import.meta.dirname, '../../workers/cli.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', cli, 'weekly', '--help'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = (await once(child, 'close')) as [number | null];
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
});
