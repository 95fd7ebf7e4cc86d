import { changedNames, changedWorks, wordHash } from '../model/text/linking/changes.ts';
import { NameTrie } from '../model/text/linking/names.ts';
import {
  artistWorks,
  preparedWorks,
  readCatalogueNames,
  type ArtistWorksRow,
} from './catalogue-names.ts';
import type { Sql } from './ports.ts';
import { readSql } from './sql.ts';
import type { EarlierMade, StageContext } from './stage.ts';
import { createTable, mentionTables } from './tables.ts';
import { nextTurn } from './turn.ts';
import { createViews } from './views.ts';

type Context = Pick<StageContext, 'sql' | 'signal' | 'input' | 'earlier'>;

/** To compare two catalogues takes as long as to link one document for so many of their artists. */
const artistsPerDocument = 9;

const tables = [...Object.keys(mentionTables), 'readings'];

/**
 * Copies what is known of documents that were linked before, into `documents`, `mentions`,
 * `sentences` and `readings`, and leaves in `kept` which these are: those whose text is the same,
 * and of whose words the catalogue of then knew the same as that of now. Where documents are few, and
 * the catalogue another one, it copies none: to link them takes less time than to compare catalogues.
 *
 * @param names - of the catalogue of now
 */
export async function copyEarlier(context: Context, names: NameTrie): Promise<void> {
  const { sql, signal } = context;
  const { earlier, catalogue } = ofOneCatalogue(context.earlier ?? []);
  const isOther = catalogue !== undefined && catalogue.folder !== context.input('catalogue');
  if (catalogue === undefined || (isOther && !(await repaysComparing(sql)))) {
    await sql.run('CREATE TEMP TABLE kept (document_ix INTEGER, part INTEGER, before_ix INTEGER)');
    return;
  }
  const parts = earlier.map((made, part) => [`earlier-${part}`, made] as const);
  await createViews(sql, { ...Object.fromEntries(parts), before: catalogue });
  for (const table of tables) {
    const each = parts.map(
      ([schema], part) => `SELECT ${part} AS part, * FROM "${schema}".${table}`,
    );
    await sql.run(`CREATE TEMP VIEW earlier_${table} AS ${each.join(' UNION ALL ')}`);
  }
  await sql.run(readSql(import.meta.url, 'mentions-kept.sql'));
  if (isOther) {
    for (const [name, columns] of Object.entries({
      changed_spellings: { phrase: 'INTEGER', words: 'INTEGER[]' },
      changed_works: { artist_ix: 'INTEGER', words: 'INTEGER[]' },
      changed_last_names: { word: 'INTEGER' },
    })) {
      await sql.run(createTable(name, columns));
    }
    await nextTurn(signal);
    await writeChangedNames(sql, names);
    await nextTurn(signal);
    await writeChangedWorks(sql);
    await sql.run(readSql(import.meta.url, 'mentions-changed.sql'));
  }
  await sql.run(readSql(import.meta.url, 'mentions-copied.sql'));
}

/** Whether there are enough documents for the catalogues to be compared. */
async function repaysComparing(sql: Sql): Promise<boolean> {
  const [counts] = await sql.rows<Record<'documents' | 'artists', number>>(
    `SELECT (SELECT count(*) FROM to_read) AS documents,
            (SELECT count(*) FROM catalogue.artists) AS artists`,
  );
  return counts!.documents * artistsPerDocument >= counts!.artists;
}

/** Those that were linked with the catalogue of the first that has its own. */
function ofOneCatalogue(all: readonly EarlierMade[]): {
  earlier: readonly EarlierMade[];
  catalogue: EarlierMade['inputs'][string] | undefined;
} {
  const catalogue = all.find(({ inputs }) => inputs['catalogue'] !== undefined)?.inputs[
    'catalogue'
  ];
  const earlier = all.filter(({ inputs }) => inputs['catalogue']?.folder === catalogue?.folder);
  return { earlier, catalogue };
}

async function writeChangedNames(sql: Sql, names: NameTrie): Promise<void> {
  const before = new NameTrie(await readCatalogueNames(sql, 'before'));
  const { now } = await sql.columns<'now'>(
    `SELECT coalesce(s.artist_ix, -1) AS now
     FROM before.artists b LEFT JOIN same_artists s ON s.before_ix = b.artist_ix
     ORDER BY b.artist_ix`,
  );
  const { spellings, lastNames } = changedNames(before, names, now);
  await sql.append(
    'changed_spellings',
    spellings.map((words, phrase) => [phrase, words.map(wordHash)]),
  );
  await sql.append(
    'changed_last_names',
    lastNames.map((word) => [wordHash(word)]),
  );
}

/** Of artists that documents may name, and who are known otherwise than before. */
async function writeChangedWorks(sql: Sql): Promise<void> {
  await sql.run(
    `CREATE TEMP TABLE asked_now AS
     SELECT s.artist_ix FROM asked_before b JOIN same_artists s ON s.before_ix = b.artist_ix`,
  );
  const changed = sql.stream<{ before: ArtistWorksRow; now: ArtistWorksRow }>(
    `SELECT b AS before, n AS now
     FROM (${artistWorks('before', 'asked_before')}) b
     JOIN same_artists s ON s.before_ix = b.artist_ix
     JOIN (${artistWorks('catalogue', 'asked_now')}) n ON n.artist_ix = s.artist_ix
     WHERE (b.name, b.albums, b.titles, b.track_ids, b.genres)
       IS DISTINCT FROM (n.name, n.albums, n.titles, n.track_ids, n.genres)`,
  );
  // Nothing else may be asked of a session while it streams.
  const found: [artist: number, words: number[]][] = [];
  for await (const rows of changed) {
    for (const { before, now } of rows) {
      const different = changedWorks(preparedWorks(before), preparedWorks(now), {
        before: (track) => before.track_ids[track]!,
        now: (track) => now.track_ids[track]!,
      });
      for (const words of different) found.push([before.artist_ix, words.map(wordHash)]);
    }
  }
  await sql.append('changed_works', found);
}
