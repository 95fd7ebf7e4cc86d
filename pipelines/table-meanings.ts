import { readFileSync } from 'node:fs';
import { catalogueTables, lakeTables, textTables } from './tables.ts';

/** What `tables.ts` says of a table and its columns. */
export interface TableMeaning {
  /** Undefined where nothing is said. */
  readonly meaning: string | undefined;
  /** In order. The meaning is undefined where the name says it all. */
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly meaning: string | undefined;
  }[];
}

/** The schemas that `tables.ts` describes, and the constants that it does so in. */
const described = {
  lake: ['lakeTables', lakeTables],
  catalogue: ['catalogueTables', catalogueTables],
  text: ['textTables', textTables],
} as const;

/**
 * The meaning of every table of the schemas `lake`, `catalogue` and `text`, by `schema.table`. It is
 * read from the comments of `tables.ts`, which is the one place that says what a column means.
 */
export function tableMeanings(): ReadonlyMap<string, TableMeaning> {
  const source = readFileSync(new URL('tables.ts', import.meta.url), 'utf8');
  const meanings = new Map<string, TableMeaning>();
  for (const [schema, [constant, tables]] of Object.entries(described)) {
    const block = new RegExp(`export const ${constant} = \\{\n([\\s\\S]*?)\n\\} as const`).exec(
      source,
    )![1]!;
    const columnsOf: Record<string, Record<string, string>> = tables;
    for (const [table, columns] of Object.entries(columnsOf)) {
      const { meaning, body } = tableIn(block, table);
      meanings.set(`${schema}.${table}`, {
        meaning,
        columns: Object.entries(columns).map(([name, type]) => ({
          name,
          type,
          meaning: new RegExp(`\\b${name}: '[^']*',? (?:// (.*)|\\})`).exec(body)?.[1],
        })),
      });
    }
  }
  return meanings;
}

function tableIn(block: string, table: string): { meaning: string | undefined; body: string } {
  const found = new RegExp(
    `(?:/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*)?(?<![\\w])${table}: \\{([^}]*)\\}`,
  ).exec(block);
  if (found === null) return { meaning: undefined, body: '' };
  const meaning = found[1]?.replaceAll(/\s*\n\s*\* ?/g, ' ').trim();
  return { meaning, body: found[2]! };
}
