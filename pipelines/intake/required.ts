import { lakeTables } from '../tables.ts';
import type { LoggedTable } from './log.ts';

/** Columns without which a row is of no use: not null, and not empty. */
const required: Readonly<Record<LoggedTable, readonly string[]>> = {
  listens: ['listened_at', 'listener', 'artist', 'title'],
  recordings: ['recording_id', 'title', 'artists'],
  feedback: ['happened_at', 'listener', 'kind', 'artist', 'title'],
  blocks: ['happened_at', 'listener', 'scope', 'artist'],
  exclusions: ['happened_at', 'listener'],
  searches: ['happened_at', 'listener', 'query'],
  saves: ['happened_at', 'listener', 'scope', 'artist'],
  playlist_changes: ['happened_at', 'playlist_id', 'change'],
  profiles: ['happened_at', 'listener'],
  articles: ['article_id', 'fetched', 'body'],
  erasures: ['happened_at', 'listener_hash'],
};

/** A fault that a row may have: SQL that is true where it has it, and how it is told. */
export interface RowFault {
  readonly where: string;
  readonly reason: string;
}

/** What is wrong with a row of a table, in the order of its columns. */
export function faultsOf(table: LoggedTable): RowFault[] {
  const columns: Readonly<Record<string, string>> = lakeTables[table];
  return Object.entries(columns).flatMap(([name, type]) => {
    const isRequired = required[table].includes(name);
    const faults: RowFault[] = [];
    if (isRequired) {
      const empty =
        type === 'VARCHAR' ? ` OR ${name} = ''` : type.endsWith('[]') ? ` OR len(${name}) = 0` : '';
      faults.push({ where: `${name} IS NULL${empty}`, reason: `${name}: expected a value` });
    }
    // Days are folders, and are named with four digits of a year.
    if (type === 'TIMESTAMP') {
      faults.push({
        where: `${name} < TIMESTAMP '1000-01-01' OR ${name} >= TIMESTAMP '9999-01-01'`,
        reason: `${name}: expected a time of this era`,
      });
    }
    return faults;
  });
}
