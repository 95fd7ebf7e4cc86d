import { parseArgs } from 'node:util';
import { describe } from '../../model/text/descriptions.ts';
import { scanText } from '../../model/text/linking/scan.ts';
import { sentimentOf } from '../../model/text/sentiment.ts';
import { genreNames } from '../../model/text/terms.ts';
import { wordsOf } from '../../model/text/tokens.ts';
import { readRealText } from './linking/real.ts';
import { Linker } from '../../model/text/linking/link.ts';
import { articlesOf, charactersOfArticle } from './prose.ts';

/**
 * Articles a minute on one core, from clean text to linked features: names read, linked, and what the
 * sentences about them say. The real articles, put together to 5,000 characters each.
 *
 *     npm run bench:text
 *     npm run bench:text -- --articles 2000 --home FOLDER
 *
 * A rate is of processor seconds, so that other work on the machine does not show.
 */
const { values } = parseArgs({
  options: {
    articles: { type: 'string', default: '2000' },
    data: { type: 'string', default: '../shared/data' },
    home: { type: 'string', default: '.mondaymix/bench-linking' },
    json: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const { names, worksOf } = await readRealText(values.data, values.home);
  const bodies = articlesOf(values.data, Number(values.articles));
  const linker = new Linker(names);
  const genres = genreNames([]);
  const seconds = { scan: 0, read: 0, link: 0, sentiment: 0, terms: 0 };
  const time = <Result>(step: keyof typeof seconds, work: () => Result): Result => {
    const began = process.cpuUsage();
    const result = work();
    const { user, system } = process.cpuUsage(began);
    seconds[step] += (user + system) / 1e6;
    return result;
  };
  const pass = (): { named: number; sentences: number; terms: number } => {
    const counts = { named: 0, sentences: 0, terms: 0 };
    for (let from = 0; from < bodies.length; from += 100) {
      const some = bodies.slice(from, from + 100);
      time('scan', () => some.forEach(scanText));
      const readings = time('read', () => some.map((body) => linker.read(body)));
      const linked = time('link', () => readings.map((reading) => linker.link(reading, worksOf)));
      const words = time('sentiment', () =>
        linked.flatMap(({ scanned, artists }) => {
          const about = new Set<number>();
          for (const { confidence, sentences } of artists) {
            if (confidence < 0.5) continue;
            counts.named++;
            for (const nth of sentences) about.add(nth);
          }
          return [...about].map((nth) => {
            const { sentenceFrom, text } = scanned;
            const said = wordsOf(text.slice(sentenceFrom[nth], sentenceFrom[nth + 1]));
            sentimentOf(said);
            return said;
          });
        }),
      );
      counts.sentences += words.length;
      time('terms', () => {
        for (const said of words) {
          const { adjectives, doubtful, nouns } = describe(said, genres);
          counts.terms += adjectives.length + doubtful.length + nouns.length;
        }
      });
    }
    return counts;
  };
  pass(); // warms up
  for (const step of Object.keys(seconds) as (keyof typeof seconds)[]) seconds[step] = 0;
  const counts = pass();
  // Reading scans: what the step `scan` alone took is told, not added.
  const { scan, ...steps } = seconds;
  const total = Object.values(steps).reduce((sum, one) => sum + one, 0);
  const perMinute = (spent: number): number => Math.round((60 * bodies.length) / spent);
  const lines = [
    `${bodies.length} articles of ${charactersOfArticle} characters, ${names.artists.length} artists in the catalogue`,
    `named ${counts.named}, sentences about them ${counts.sentences}, terms ${counts.terms}`,
    `scan (within read)   ${perMinute(scan)} articles a minute`,
    ...Object.entries(steps).map(([step, spent]) => `${step.padEnd(20)} ${perMinute(spent)}`),
    `all                  ${perMinute(total)} articles a minute and core`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  if (values.json) {
    const json = { articlesPerMinutePerCore: perMinute(total), articles: bodies.length, ...counts };
    process.stdout.write(`${JSON.stringify(json)}\n`);
  }
}

main().catch((error: unknown) => {
  throw error;
});
