/**
 * Where loops that only read put what they read: an optimizer leaves out what has no effect. Rows
 * that are looked up lie anywhere in memory, and a processor waits for many of them at a time only
 * where it sees them coming: in a short loop without branches, not in the long one that follows.
 */
export const readAhead = { sum: 0 };
