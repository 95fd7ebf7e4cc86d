import { html, type Html } from './html.ts';

export interface Column<Row> {
  readonly title: string;
  /** Numbers are aligned right, and rounded to `digits`. */
  readonly value: (row: Row) => string | number | undefined;
  /** Digits after the point. Default 0 for whole numbers, 4 for others. */
  readonly digits?: number;
}

/** A table with a caption; the first column heads its row. Without rows: a line that says so. */
export function table<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): Html {
  if (rows.length === 0) return html`<p>${caption}: none.</p>`;
  const numeric = columns.map(({ value }) => rows.some((row) => typeof value(row) === 'number'));
  const kind = (c: number) => (numeric[c] === true ? 'number' : 'text');
  return html`<div class="table" tabindex="0" role="region" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${columns.map(({ title }, c) => html`<th scope="col" class="${kind(c)}">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${columns.map((column, c) => {
                const shown = cell(column, row);
                return c === 0
                  ? html`<th scope="row" class="${kind(c)}">${shown}</th>`
                  : html`<td class="${kind(c)}">${shown}</td>`;
              })}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

/** The same for a terminal: columns padded with spaces. */
export function plainTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map((column) => cell(column, row))),
  ];
  const widths = columns.map((_, c) => Math.max(...cells.map((line) => line[c]!.length)));
  const right = columns.map(({ value }) => rows.some((row) => typeof value(row) === 'number'));
  const lines = cells.map((line) =>
    line
      .map((text, c) => (right[c] === true ? text.padStart(widths[c]!) : text.padEnd(widths[c]!)))
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

/** As a reader is shown it: `–` for what is not known. */
export function cell<Row>({ value, digits }: Column<Row>, row: Row): string {
  const content = value(row);
  if (content === undefined || Number.isNaN(content)) return '–';
  if (typeof content === 'string') return content;
  if (digits === undefined && Number.isInteger(content)) return content.toLocaleString('en-US');
  return content.toFixed(digits ?? 4);
}
