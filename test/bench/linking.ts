import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { linkerWeights } from '../../model/text/linking/weights.ts';
import { fitSentences } from './linking/fit-sentences.ts';
import { measureSentences } from './linking/measure-sentences.ts';
import { fitArticles, measureArticles, readRealText } from './linking/real.ts';

/**
 * Precision and recall of the linker, on our own sentences and on the real articles.
 *
 *     npm run bench:linking                        with the weights of the code
 *     npm run bench:linking -- --fit               fits the weights anew, and prints them
 *     npm run bench:linking -- --data FOLDER       the real data; default ../shared/data
 *     npm run bench:linking -- --home FOLDER       keeps lake and catalogue there
 */
const { values } = parseArgs({
  options: {
    fit: { type: 'boolean', default: false },
    data: { type: 'string', default: '../shared/data' },
    home: { type: 'string', default: '.mondaymix/bench-linking' },
    json: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const digits = (value: number): string => value.toFixed(3);

async function main(): Promise<void> {
  let weights = values.fit ? fitSentences() : linkerWeights;
  const real = existsSync(values.data)
    ? await readRealText(resolve(values.data), resolve(values.home))
    : undefined;
  if (values.fit && real !== undefined) weights = fitArticles(real, weights);
  const json: Record<string, number> = {};
  for (const part of ['train', 'held-out'] as const) {
    say(`\nOur own sentences, ${part}\n  kind    from  precision  recall`);
    for (const { kind, from, precision, recall } of measureSentences(part, weights)) {
      say(`  ${kind.padEnd(7)} ${from.toFixed(1)}      ${digits(precision)}   ${digits(recall)}`);
      json[`${part}/${kind}/precision@${from}`] = precision;
      json[`${part}/${kind}/recall@${from}`] = recall;
    }
    if (real === undefined) continue;
    const { articles, linked, subjects, calibration } = measureArticles(real, weights, part);
    say(`\nSubjects of ${articles} real articles, title and first sentence masked, ${part}`);
    say(`  subject linked at all, confidence 0.5: ${digits(linked)}`);
    say('  from  precision  recall');
    for (const { from, precision, recall } of subjects) {
      say(`  ${from.toFixed(1)}      ${digits(precision)}   ${digits(recall)}`);
      json[`${part}/subject/precision@${from}`] = precision;
      json[`${part}/subject/recall@${from}`] = recall;
    }
    say('  said      of mean confidence  right');
    for (const { said, mean, right } of calibration) {
      say(`  ${String(said).padEnd(9)} ${digits(mean)}               ${digits(right)}`);
    }
  }
  if (values.fit) say(`\nweights\n${JSON.stringify(weights, null, 1)}`);
  if (values.json) say(JSON.stringify(json));
}

main().catch((error: unknown) => {
  throw error;
});
