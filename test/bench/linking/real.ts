import { join } from 'node:path';
import { openArtifacts } from '../../../infra/artifacts.ts';
import { openDuckdb } from '../../../infra/duckdb.ts';
import { importFolder } from '../../../infra/import-folder.ts';
import { openLake } from '../../../infra/lake.ts';
import { fitLogistic } from '../../../model/text/linking/logistic.ts';
import { Linker, type WorksOf } from '../../../model/text/linking/link.ts';
import { linkerWeights, type LinkerWeights } from '../../../model/text/linking/weights.ts';
import { catalogue } from '../../../pipelines/catalogue.ts';
import { CatalogueWorks, readCatalogueNames } from '../../../pipelines/catalogue-names.ts';
import type { CatalogueNames } from '../../../model/text/linking/names.ts';
import { Runner } from '../../../pipelines/runner.ts';
import { step } from '../../../pipelines/step.ts';
import { createViews } from '../../../pipelines/views.ts';
import { lakeSource } from '../../../pipelines/week-plan.ts';

/** An article with its title and first sentence masked. */
export interface MaskedArticle {
  readonly text: string;
  /** Of the article's own subject. */
  readonly subject: number;
  /** Weights are fitted on `train`: articles with an even page number. */
  readonly part: 'train' | 'held-out';
}

export interface RealText {
  readonly names: CatalogueNames;
  readonly worksOf: WorksOf;
  readonly articles: readonly MaskedArticle[];
}

/**
 * The real articles, and the catalogue that the real sources give.
 *
 * @param home - keeps lake and catalogue for the next time
 */
export async function readRealText(data: string, home: string): Promise<RealText> {
  await importFolder(data, home);
  const lake = lakeSource(await openLake(home).snapshot());
  const artifacts = openArtifacts(join(home, 'artifacts'));
  const runner = new Runner({
    artifacts,
    openSql: () => openDuckdb({ threads: 2 }),
    clock: () => 0,
    memoryMb: () => 0,
    concurrency: 1,
    signal: new AbortController().signal,
  });
  const made = await runner.make(step(catalogue, {}, { lake }));
  const sql = await openDuckdb({ threads: 2 });
  try {
    await createViews(sql, { lake, catalogue: made });
    const names = await readCatalogueNames(sql);
    const works = new CatalogueWorks(sql);
    await works.read(names.artists.keys());
    const rows = await sql.rows<{ text_id: string; artist_ix: number; body: string }>(
      `SELECT t.text_id, t.source, t.artist_ix, l.body
       FROM catalogue.texts t JOIN lake.texts l ON l.source = t.source AND l.text_id = t.text_id
       ORDER BY t.text_id, t.source, l.body`,
    );
    const articles = rows.map(({ text_id, artist_ix, body }): MaskedArticle => {
      const number = Number(/\d+/.exec(text_id)?.[0] ?? 0);
      const part = number % 2 === 0 ? 'train' : 'held-out';
      return { text: withoutFirstSentence(body), subject: artist_ix, part };
    });
    return { names, worksOf: (artist) => works.of(artist), articles };
  } finally {
    sql.dispose();
  }
}

/** A sentence ends at a full stop behind a word of three letters or a bracket, before a capital. */
export function withoutFirstSentence(body: string): string {
  const end = /(?:[\p{L}\d]{3,}|[)"”\]])[.!?]["”)\]]*\s+(?=["“(]*[\p{Lu}\d])|\n/u.exec(body);
  return end === null ? '' : body.slice(end.index + end[0].length);
}

/** Fits the regressions of subjects and last names on the train part of the articles. */
export function fitArticles(
  { names, worksOf, articles }: RealText,
  weights: LinkerWeights,
): LinkerWeights {
  const fitted = { ...linkerWeights, ...weights };
  const train = articles.filter(({ part }) => part === 'train');
  for (const what of ['lastName', 'about'] as const) {
    // Subjects are judged with last names judged already.
    const linker = new Linker(names, fitted);
    const rows: number[][] = [];
    const labels: number[] = [];
    for (const { text, subject } of train) {
      const examined = linker.examine(linker.read(text), worksOf);
      for (const { artist, features } of what === 'about' ? examined.about : examined.lastNames) {
        rows.push([...features]);
        labels.push(+(artist === subject));
      }
    }
    fitted[what] = fitLogistic(rows, labels, 1);
  }
  return fitted;
}

/** How often the subject is found, from each confidence on. */
export interface SubjectFigures {
  readonly from: number;
  readonly precision: number;
  readonly recall: number;
}

export interface RealFigures {
  readonly articles: number;
  /** Articles that name the subject anywhere, as far as the linker says, of confidence 0.5. */
  readonly linked: number;
  readonly subjects: readonly SubjectFigures[];
  /** For each tenth of confidence: how many were said, their mean confidence, and how many were right. */
  readonly calibration: readonly { said: number; mean: number; right: number }[];
}

export function measureArticles(
  { names, worksOf, articles }: RealText,
  weights: LinkerWeights,
  part: MaskedArticle['part'],
): RealFigures {
  const linker = new Linker(names, weights);
  const asked = articles.filter((article) => article.part === part);
  const said: { confidence: number; isRight: boolean }[] = [];
  let linked = 0;
  for (const { text, subject } of asked) {
    const { artists } = linker.link(linker.read(text), worksOf);
    if (artists.some(({ artist, confidence }) => artist === subject && confidence >= 0.5)) linked++;
    let best: { artist: number; about: number } | undefined;
    for (const one of artists) if (best === undefined || one.about > best.about) best = one;
    if (best !== undefined) said.push({ confidence: best.about, isRight: best.artist === subject });
  }
  const subjects = [0, 0.3, 0.5, 0.7, 0.9].map((from) => {
    const sure = said.filter(({ confidence }) => confidence >= from);
    const right = sure.filter(({ isRight }) => isRight).length;
    return { from, precision: right / Math.max(1, sure.length), recall: right / asked.length };
  });
  const calibration = Array.from({ length: 10 }, (_, tenth) => {
    const some = said.filter(
      ({ confidence }) => Math.min(9, Math.floor(confidence * 10)) === tenth,
    );
    const sum = some.reduce((total, { confidence }) => total + confidence, 0);
    const right = some.filter(({ isRight }) => isRight).length / Math.max(1, some.length);
    return { said: some.length, mean: sum / Math.max(1, some.length), right };
  });
  return { articles: asked.length, linked: linked / asked.length, subjects, calibration };
}
