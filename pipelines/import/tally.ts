import type { ImportCounts } from '../lake.ts';
import type { LakeTable } from '../tables.ts';

/** Counts of one import while it goes on. */
export class Tally {
  rowsIn = 0;
  readonly #tables: Partial<Record<LakeTable, number>> = {};
  readonly #dropped = new Map<string, number>();
  readonly #repaired = new Map<string, number>();

  dropped(reason: string, rows: number): void {
    add(this.#dropped, reason, rows);
  }

  repaired(kind: string, values: number): void {
    add(this.#repaired, kind, values);
  }

  rowsOut(table: LakeTable, rows: number): void {
    if (rows > 0) this.#tables[table] = (this.#tables[table] ?? 0) + rows;
  }

  /** Keys in order, so that the same import gives the same bytes. */
  counts(): ImportCounts {
    return {
      rowsIn: this.rowsIn,
      rowsOut: Object.values(this.#tables).reduce((sum, rows) => sum + rows, 0),
      tables: this.#tables,
      dropped: inOrder(this.#dropped),
      repaired: inOrder(this.#repaired),
    };
  }
}

function add(counts: Map<string, number>, key: string, count: number): void {
  if (count > 0) counts.set(key, (counts.get(key) ?? 0) + count);
}

function inOrder(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
