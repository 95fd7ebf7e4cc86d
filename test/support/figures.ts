/** Says what a test has measured: one line on standard error, where nothing captures it. */
export function tell(what: string, figures: Readonly<Record<string, number | string>>): void {
  const parts = Object.entries(figures).map(
    ([name, value]) =>
      `${name} ${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`,
  );
  process.stderr.write(`${what}: ${parts.join(', ')}\n`);
}
