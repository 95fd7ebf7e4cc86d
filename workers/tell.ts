/** A line for whoever looks on: standard output is for results. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
