/** The web's first page is of August 1991: what is dated before has no date. */
const earliest = Date.UTC(1991, 7, 6);

/**
 * When something was published, as ISO 8601 with milliseconds in UTC: what the first date says that
 * can be one, else `fetchedAt`. Dates without a zone are taken as UTC; dates of the future, and of
 * before the web, as none.
 *
 * @param dates - RFC 822, ISO 8601 or what else browsers understand; best first
 * @param fetchedAt - milliseconds since 1970
 */
export function publishedAt(dates: readonly (string | null)[], fetchedAt: number): string {
  for (const date of dates) {
    const at = readDate(date);
    if (at >= earliest && at <= fetchedAt) return new Date(at).toISOString();
  }
  return new Date(fetchedAt).toISOString();
}

/** Milliseconds since 1970, NaN where it is no date. */
function readDate(date: string | null): number {
  if (date === null) return NaN;
  const text = date.trim();
  // Nor are the year of 16-11-2026 and a half of the day.
  const hasZone = /(?:[zZ]|(?<!^\d\d?-\w{1,9})[+-]\d\d:?\d\d|\b(?![AP]M$)[A-Z]{2,5})$/.test(text);
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text);
  // Without one, the parser would take the zone of this machine.
  return Date.parse(hasZone || isDay ? text : `${text}${text.includes('T') ? 'Z' : ' UTC'}`);
}
