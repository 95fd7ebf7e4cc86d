import type { Sql } from '../../pipelines/ports.ts';

/** The same session, which dies in the middle of a statement where it is the last step. */
export function dyingSql(sql: Sql, isLast: () => boolean, die: () => void): Sql {
  return {
    run(statement, parameters) {
      if (isLast()) setImmediate(die);
      return sql.run(statement, parameters);
    },
    rows(statement, parameters) {
      if (isLast()) setImmediate(die);
      return sql.rows(statement, parameters);
    },
    stream: (statement, parameters) => sql.stream(statement, parameters),
    columns: (statement, parameters) => sql.columns(statement, parameters),
    columnChunks: (statement, parameters) => sql.columnChunks(statement, parameters),
    append: (table, rows) => sql.append(table, rows),
    dispose: () => sql.dispose(),
  };
}
