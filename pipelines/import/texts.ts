import { readSql } from '../sql.ts';
import type { Importer } from './importer.ts';

const files = ['text/hetrec_artists_5000_chars.jsonl', 'text/other_artists_2500_chars.jsonl'];

/** Openings of Wikipedia articles about artists. */
export const texts: Importer = {
  version: 1,
  layout: 'text/*.jsonl',
  bringsListens: false,
  source: () => 'wikipedia',
  find: (folder) => files.flatMap((file) => folder.find(file) ?? []),
  async run(session) {
    const found = files.flatMap((file) => session.folder.find(file) ?? []);
    for (const [i, file] of found.entries()) {
      await session.readJsonLines(`articles${i}`, file);
      await session.take(
        `usable_articles${i}`,
        `articles${i}`,
        `(${readSql(import.meta.url, 'texts.sql').replaceAll('{articles}', `articles${i}`)})`,
      );
    }
    const all = found.map((_, i) => `SELECT * FROM usable_articles${i}`).join(' UNION ALL ');
    await session.put('texts', `(${all})`);
  },
};
