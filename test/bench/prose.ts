import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of an article, as the bars have it. */
export const charactersOfArticle = 5000;

/**
 * Real prose, cut into articles of one size.
 *
 * @param data - folder of the real data
 * @param count - fewer where there is not so much prose
 */
export function articlesOf(data: string, count: number): string[] {
  const texts: string[] = [];
  for (const file of ['hetrec_artists_5000_chars.jsonl', 'other_artists_2500_chars.jsonl']) {
    for (const line of readFileSync(join(data, 'text', file), 'utf8').split('\n')) {
      if (line !== '') texts.push((JSON.parse(line) as { text: string }).text);
    }
  }
  const all = texts.join('\n');
  const most = Math.min(count, Math.floor(all.length / charactersOfArticle));
  return Array.from({ length: most }, (_, n) =>
    all.slice(n * charactersOfArticle, (n + 1) * charactersOfArticle),
  );
}
