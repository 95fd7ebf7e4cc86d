/** One field of RFC 4180: quoted where it holds a quote, a comma or a line break, null is empty. */
export function csvField(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** A record with its line end. Lines end in LF, as DuckDB and everything on Unix likes it. */
export function csvRow(values: readonly (string | number | null)[]): string {
  return `${values.map(csvField).join(',')}\n`;
}
