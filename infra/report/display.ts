import type { Html } from './html.ts';
import { html } from './html.ts';
import { plainTable, table, type Column } from './table.ts';

/** How Deno's Jupyter kernel asks a value to show itself: a method that gives MIME types. */
const display = Symbol.for('Jupyter.display');

/** A value that a notebook shows as the last line of a cell. */
export interface Shown {
  [display](): Record<string, string>;
}

/** A table; text for who reads the notebook without a browser. */
export function showTable<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): Shown {
  const plain = `${caption}\n\n${plainTable(columns, rows)}`;
  return shown(table(caption, columns, rows), plain);
}

/** A figure; its description for who reads without a browser. */
export function showFigure(figure: Html): Shown {
  const described = /aria-label="([^"]*)"/.exec(figure.markup)?.[1] ?? 'a figure';
  return shown(html`<div style="max-width: 44rem">${figure}</div>`, described);
}

function shown(content: Html, plain: string): Shown {
  return { [display]: () => ({ 'text/html': content.markup, 'text/plain': plain }) };
}
