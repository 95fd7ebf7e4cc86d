/**
 * Days and instants as numbers. A **day** is the count of days since 1970-01-01 (a Thursday); a
 * **local time** is the milliseconds that a wall clock shows since that midnight on its own wall,
 * an **instant** the milliseconds since that midnight in UTC.
 */
export const dayMs = 86_400_000;

/** @param date - `YYYY-MM-DD` */
export function dayOf(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / dayMs;
}

/** `YYYY-MM-DD` of a day; years 0 to 9999. */
export function isoDate(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

/** The year of a day. */
export function yearOf(day: number): number {
  return new Date(day * dayMs).getUTCFullYear();
}

export function isMonday(day: number): boolean {
  return (day + 3) % 7 === 0;
}
