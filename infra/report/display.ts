import { html, type Html } from './html.ts';
import { plainTable, table, type Column } from './table.ts';

/** What Deno's Jupyter kernel gives to a notebook. */
interface Kernel {
  readonly jupyter: {
    display(bundle: Readonly<Record<string, string>>, how: { raw: true }): Promise<void>;
  };
}

/** Shows a table below the cell; text for who reads the notebook without a browser. Await it. */
export function showTable<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): Promise<void> {
  const plain = `${caption}\n\n${plainTable(columns, rows)}`;
  return show(table(caption, columns, rows), plain);
}

/** A figure; its description for who reads without a browser. */
export function showFigure(figure: Html): Promise<void> {
  const described = /aria-label="([^"]*)"/.exec(figure.markup)?.[1] ?? 'a figure';
  return show(html`<div style="max-width: 44rem">${figure}</div>`, described);
}

/** Lines of text. */
export function showText(...lines: readonly string[]): Promise<void> {
  return show(html`${lines.map((line) => html`<p>${line}</p>`)}`, lines.join('\n'));
}

function show(content: Html, plain: string): Promise<void> {
  const { Deno: kernel } = globalThis as unknown as { readonly Deno: Kernel };
  return kernel.jupyter.display(
    { 'text/html': content.markup, 'text/plain': plain },
    { raw: true },
  );
}
