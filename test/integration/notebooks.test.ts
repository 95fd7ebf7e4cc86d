import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { openWeek, type OpenedWeek } from '../../infra/opened-week.ts';
import { loadKernels } from '../../infra/kernels.ts';
import { loadTensorflow } from '../../infra/tensorflow.ts';
import { Explainer } from '../../pipelines/explain.ts';
import type { NamedList } from '../../pipelines/listed.ts';
import { modelReport } from '../../pipelines/model-report.ts';
import { genreAgreement } from '../../pipelines/text-knowledge.ts';
import { lendJupyter, readNotebook, rowsOf, shownBy, type Notebook } from '../support/notebooks.ts';
import { namedListsOf } from '../support/named-lists.ts';
import { mistakeOf, mondaymix } from '../support/operator.ts';
import { temporaryFolder } from '../support/sources.ts';

jest.setTimeout(900_000);

const names = [
  'a-list-step-by-step',
  'champion-against-challenger',
  'what-the-text-knows',
] as const;
const root = temporaryFolder();
const home = join(root.path, 'home');
let week: OpenedWeek;
let notebooks: Record<(typeof names)[number], Notebook>;

async function run(...args: string[]): Promise<unknown> {
  const { code, output, errors } = await mondaymix(['--home', home, ...args, '--json']);
  if (code !== 0) throw new Error(`${args.join(' ')}: exit ${code}\n${errors}`);
  return JSON.parse(output.trimEnd().split('\n').at(-1)!);
}

/** Two weeks of a small simulation, and all notebooks executed on them as a user would. */
beforeAll(async () => {
  await run(
    ...['weekly', '--no-deliver', '--backfill', '2026-W01..2026-W02'],
    ...['--listeners', '150', '--tracks', '800'],
  );
  await lendJupyter(home);
  const { written } = (await run('notebooks', '--execute')) as { written: string[] };
  expect(written).toEqual(names.map((name) => join(home, 'notebooks', `${name}.ipynb`)));
  notebooks = Object.fromEntries(
    written.map((file, n) => [names[n], readNotebook(file)]),
  ) as typeof notebooks;
  week = await openWeek(home);
});

afterAll(() => {
  week.dispose();
  root.remove();
});

const listsOf = ({ lists }: OpenedWeek): Promise<NamedList[]> => namedListsOf(lists);

describe('Every notebook', () => {
  test.each(names)('%s shows what it says in each of its cells, and no error', (name) => {
    const codes = notebooks[name].cells.filter(({ cell_type }) => cell_type === 'code');
    for (const { id, source, outputs } of codes) {
      const shows = /\bshow(Table|Figure|Text)\(/.test(source);
      expect([id, outputs!.map(({ output_type }) => output_type)]).toEqual([
        id,
        shows ? ['display_data'] : [],
      ]);
    }
  });

  test.each(names)('%s names no path of this machine', (name) => {
    const shown = JSON.stringify(notebooks[name]);
    expect(shown).not.toContain(root.path);
    expect(shown).not.toContain(process.cwd());
  });

  test('gives the same bytes again', async () => {
    const [name] = names;
    const before = readFileSync(join(home, 'notebooks', `${name}.ipynb`));
    const out = join(root.path, 'again');
    await run('notebooks', '--execute', name, '--out', out);
    expect(readdirSync(out)).toEqual([`${name}.ipynb`]);
    expect(readFileSync(join(out, `${name}.ipynb`)).equals(before)).toBe(true);
  });

  test('is refused without a week to look at, without Python, and where there is none of its name', async () => {
    const empty = join(root.path, 'empty');
    expect(await mistakeOf(['--home', empty, 'notebooks'], {}, { '<home>': empty })).toEqual({
      code: 1,
      message:
        '<home>: expected the lists of a week, got none; make them with npx mondaymix weekly',
    });
    const nothing = join(root.path, 'nothing');
    const told = await mistakeOf(['--home', home, 'notebooks', '--execute'], { PATH: nothing });
    expect(told).toEqual({
      code: 1,
      message:
        'notebooks: expected Python 3.10 or later with pip as "python3", got none with pip; to install it: sudo apt-get install -y python3 python3-pip python3-venv',
    });
    expect(await mistakeOf(['--home', home, 'notebooks', '--execute', 'dreams'])).toEqual({
      code: 2,
      message: `notebooks: expected one of ${names.join(', ')}, got "dreams"`,
    });
  });
});

describe('How a list came about', () => {
  const shown = (id: string) => shownBy(notebooks['a-list-step-by-step'], id);

  test('ends with the list that was made', async () => {
    expect(shown('same')).toBe('The same, to the letter.');
    const user = /^2026-W02, (\S+) in /.exec(shown('open'))![1]!;
    const made = (await listsOf(week)).find((list) => list.user === user)!;
    const rows = shown('list').split('\n').slice(3);
    expect(rows).toHaveLength(30);
    for (const [n, { title, reason, source }] of made.tracks.entries()) {
      expect(rows[n]).toMatch(new RegExp(`^ *${n + 1} `));
      for (const part of [title, reason, source]) expect(rows[n]).toContain(part);
    }
  });

  test('counts as many listed tracks by source as speak for themselves', () => {
    const rows = rowsOf(shown('sources'));
    const number = (text: string) => Number(text.replaceAll(',', ''));
    for (const [source, , offered, alone, listed, listedAlone] of [...rows.values()].map(
      (cells) => [cells[0]!, '', ...cells.slice(1).map(number)] as const,
    )) {
      expect([source, alone! <= offered!, listedAlone! <= Math.min(alone!, listed!)]).toEqual([
        source,
        true,
        true,
      ]);
    }
    expect([...rows.keys()].sort()).toEqual([...new Set(rows.keys())].sort());
    expect(shown('scores')).toMatch(/^Scores of \d+ candidates by rank; 30 are listed, /);
  });

  test('is explained by the code that made it: of every listener the very list', async () => {
    const explainer = await Explainer.open({
      ...{ ...week, tf: await loadTensorflow(), kernels: await loadKernels() },
    });
    const lists = await listsOf(week);
    expect(lists.length).toBeGreaterThan(100);
    for (const list of lists.filter((_, n) => n % 5 === 0)) {
      const { list: again, candidates, heard } = await explainer.explain(list.user);
      expect(again).toEqual(list);
      expect(await week.listOf(list.zone, list.user)).toEqual(list);
      const positions = candidates.map(({ position }) => position).filter((place) => place > 0);
      expect(positions.sort((a, b) => a - b)).toEqual(Array.from(list.tracks, (_, n) => n + 1));
      const titles = new Set(heard.map(({ title, artist }) => `${title} by ${artist}`));
      const listed = list.tracks.map(({ title, artists }) => `${title} by ${artists[0]}`);
      expect(listed.filter((track) => titles.has(track))).toEqual([]);
    }
    expect(await week.listOf(lists[0]!.zone, 'nobody')).toBeUndefined();
    await expect(explainer.explain('nobody')).rejects.toThrow(
      'expected a listener who played something before 2026-W02, got "nobody"',
    );
  });
});

describe('What the text features know', () => {
  const shown = (id: string) => shownBy(notebooks['what-the-text-knows'], id);

  test('is more than chance: who is described alike has a genre in common far more often', async () => {
    const [nearest, any] = await genreAgreement(week.sql, 3);
    expect([nearest!.pairs, any!.pairs]).toEqual(['nearest by text', 'any two']);
    expect(nearest!.sharingGenre).toBeGreaterThan(3 * any!.sharingGenre);
    expect(rowsOf(shown('agreement')).get('nearest by text')).toEqual([
      'nearest by text',
      String(nearest!.count),
      nearest!.sharingGenre.toFixed(3),
    ]);
  });

  test('is counted as the tables hold it', async () => {
    const [counted] = await week.sql.rows<{ artists: number; adjectives: number }>(
      `SELECT count(DISTINCT artist_ix) AS artists,
              count(DISTINCT term) FILTER (kind = 'adjective') AS adjectives
       FROM text.artist_terms`,
    );
    const rows = rowsOf(shown('open'));
    expect(rows.get('artists with terms')![1]).toBe(String(counted!.artists));
    expect(rows.get('adjectives')![1]).toBe(String(counted!.adjectives));
    expect(counted!.artists).toBeGreaterThan(5);
  });

  test('reaches tracks that nothing else does', async () => {
    const explainer = await Explainer.open({
      ...{ ...week, tf: await loadTensorflow(), kernels: await loadKernels() },
    });
    const only = await explainer.reachedOnlyBy('text', 500);
    const text = explainer.reach(500).find(({ source }) => source === 'text')!;
    const sum = (of: 'offered' | 'listed') => only.reduce((total, track) => total + track[of], 0);
    expect([sum('offered'), sum('listed')]).toEqual([text.onlyBySource, text.listedOnlyBySource]);
    expect(text.onlyBySource).toBeGreaterThan(0);
    expect(shown('only-text')).toContain(only[0]!.title);
  });
});

describe('Champion against challenger', () => {
  const shown = (id: string) => shownBy(notebooks['champion-against-challenger'], id);

  test('tells the decision of the gate and its reasons', () => {
    const { gate } = week;
    expect(shown('decision').split('\n')).toEqual([
      `Week 2026-W02: ${gate.challenger} against ${gate.champion ?? gate.rival}.`,
      gate.promoted ? 'It is promoted.' : `It is not promoted; ${gate.lists} makes the lists.`,
      ...gate.reasons,
    ]);
    expect(shown('open')).toContain(gate.challenger);
  });

  test('judges again and finds what the gate found', () => {
    const { ndcg, champion } = week.gate;
    const figures = shown('judge').split('\n');
    const of = (model: string) =>
      figures
        .find((line) => line.startsWith('NDCG@30') && line.includes(model))
        ?.split(' ')
        .at(-1);
    expect(of('this model')).toBe(ndcg['challenger']!.toFixed(4));
    expect(of('prior')).toBe(ndcg['prior']!.toFixed(4));
    expect(of('popularity')).toBe(ndcg['popularity']!.toFixed(4));
    expect(of('random order')).toBe(ndcg['random']!.toFixed(4));
    if (champion !== null) expect(of(`champion ${champion}`)).toBe(ndcg['champion']!.toFixed(4));
  });

  test('has a page of its own, which says the same', async () => {
    const { challenger, ndcg, holdout, difference, rival } = week.gate;
    const out = join(root.path, 'report.html');
    const { file } = (await run('models', 'report', challenger, '--out', out)) as { file: string };
    expect(file).toBe(out);
    const page = readFileSync(out, 'utf8');
    expect(page).toContain(`<h1>${challenger}</h1>`);
    const { examples, ...report } = (await run('models', 'report', challenger)) as Record<
      string,
      unknown
    >;
    expect(readFileSync(join(home, 'models', challenger, 'report.html'), 'utf8')).toBe(page);
    expect(examples).toBe(3);
    const found = modelReport.parse({ ...report, examples: [] });
    expect(found.holdout).toEqual({ groups: holdout.groups, listeners: holdout.listeners });
    expect(found.metrics[0]!.models[0]!.value).toBe(ndcg['challenger']);
    expect(found.differences.find(({ against }) => against.startsWith(rival))?.mean).toBeCloseTo(
      difference.mean,
      12,
    );
    const candidates = found.calibration.map((bin) => bin.candidates);
    expect(Math.max(...candidates) - Math.min(...candidates)).toBeLessThanOrEqual(1);
    const constant = found.importance.filter(({ feature }) => feature.startsWith('listener '));
    expect(constant.map(({ drop }) => drop)).toEqual([0, 0, 0]);
    expect(found.importance[0]!.drop).toBeGreaterThan(0.01);
  });

  test('has no page of a model that there is not', async () => {
    const { code, message } = await mistakeOf(['--home', home, 'models', 'report', 'ranker-none']);
    expect(code).toBe(1);
    expect(message).toMatch(/^model ranker-none: expected one of ranker-[0-9a-f]{12} /);
  });
});
