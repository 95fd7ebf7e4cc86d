import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { simulate } from '../../pipelines/simulate/simulate.ts';
import type { WeeklyResult } from '../../workers/weekly.ts';
import { mistakeOf, mondaymix, type Told } from './operator.ts';
import { temporaryFolder } from './sources.ts';

/** The week that the home has made. */
export const week = '2026-W02';

/** Rows that cannot be used, at the end of the listens. */
export const brokenRows = [
  'yesterday,ann,Asia/Jakarta,en,Mogwai,Cody',
  '2025-12-20T10:00:00Z,ann,Mars/Olympus,en,Mogwai,Cody',
  '2025-12-20T10:00:00Z,ann,Asia/Jakarta,en,Mogwai',
];

/** A home that has made a week of a small simulation, without servers. */
export interface MadeHome {
  readonly root: string;
  readonly home: string;
  readonly data: string;
  /** What making the week gave. */
  readonly made: WeeklyResult;
  /** Makes the week. @throws Error with what was said, where it fails */
  weekly(...more: string[]): Promise<WeeklyResult>;
  /** The mistake that a command makes, with names for folders and fingerprints. */
  told(args: readonly string[]): Promise<Told>;
  /** As `told`, of `weekly`; the lake and the frozen weeks must stay as they were. */
  toldOfWeekly(more: readonly string[], from?: string): Promise<Told>;
  remove(): void;
}

export async function makeHome(): Promise<MadeHome> {
  const { path: root, remove } = temporaryFolder();
  const home = join(root, 'home');
  const data = join(root, 'sources');
  await simulate({ listeners: 60, tracks: 500, weeks: 4 }, data);
  const listens = readFileSync(join(data, 'listens.csv'), 'utf8');
  writeFileSync(join(data, 'listens.csv'), `${listens}${brokenRows.join('\n')}\n`);

  const argsOf = (more: readonly string[], from = data) => [
    ...['weekly', '--home', home, '--data', from, '--no-deliver', '--json', ...more],
  ];
  const weekly = async (...more: string[]) => {
    const { code, output, errors } = await mondaymix(argsOf(['--week', week, ...more]));
    if (code !== 0) throw new Error(`weekly ${more.join(' ')}: ${errors}`);
    return JSON.parse(output) as WeeklyResult;
  };
  const told = async (args: readonly string[]) => {
    const { code, message } = await mistakeOf(args, {}, { '<home>': home, '<root>': root });
    return { code, message: message.replaceAll(/[0-9a-f]{24}/g, '<fingerprint>') };
  };
  const state = () => [
    readFileSync(join(home, 'lake', 'manifest.json'), 'utf8'),
    readdirSync(join(home, 'weeks', 'main')),
    readdirSync(join(home, 'lake')).includes('scratch'),
  ];
  return {
    root,
    home,
    data,
    made: await weekly(),
    weekly,
    told,
    async toldOfWeekly(more, from) {
      const before = state();
      const mistake = await told(argsOf(more, from));
      expect(state()).toEqual(before);
      return mistake;
    },
    remove,
  };
}
