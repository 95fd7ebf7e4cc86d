import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { openJupyter } from '../../infra/jupyter.ts';
import { testHome } from './servers.ts';

const text = z.union([z.string(), z.array(z.string()).transform((lines) => lines.join(''))]);

/** As far as the tests look at it; source and outputs as one text each. */
const notebook = z.object({
  metadata: z.object({ kernelspec: z.object({ name: z.string(), language: z.string() }) }),
  cells: z.array(
    z.object({
      id: z.string(),
      cell_type: z.enum(['markdown', 'code']),
      source: text,
      execution_count: z.int().nullable().optional(),
      outputs: z
        .array(
          z.looseObject({ output_type: z.string(), data: z.record(z.string(), text).optional() }),
        )
        .optional(),
    }),
  ),
  nbformat: z.literal(4),
});
export type Notebook = z.infer<typeof notebook>;

export function readNotebook(file: string): Notebook {
  return notebook.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** What a cell showed, as plain text; the cell is named by its id. */
export function shownBy({ cells }: Notebook, id: string): string {
  const cell = cells.find((one) => one.id === id);
  if (cell?.outputs === undefined) throw new Error(`no code cell ${id}`);
  return cell.outputs.map(({ data }) => data?.['text/plain'] ?? '').join('\n');
}

/** Rows of a table that a cell showed, by what stands in its first column, parted at two spaces. */
export function rowsOf(shown: string): Map<string, string[]> {
  const [, , , ...rows] = shown.split('\n');
  return new Map(rows.map((row) => row.trim().split(/ {2,}/)).map((cells) => [cells[0]!, cells]));
}

/**
 * Gives a home the Jupyter that all tests share: the set-up takes it from PyPI once, and finds it
 * from then on.
 */
export async function lendJupyter(home: string): Promise<void> {
  mkdirSync(join(testHome, 'jupyter'), { recursive: true });
  const signal = AbortSignal.timeout(600_000);
  await openJupyter({ home: testHome, kind: 'headless', signal, tell: () => undefined });
  symlinkSync(join(testHome, 'jupyter'), join(home, 'jupyter'));
}
