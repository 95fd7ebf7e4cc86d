/**
 * A mistake that the user can mend, as opposed to a bug of ours.
 *
 * The command line prints it as one line and exits with 1 (2 for `USAGE`); the API answers 4xx.
 * A message says what was expected, what came instead, and where:
 * `listens.csv, line 7: expected a time zone such as "Asia/Jakarta", got "Mars/Olympus"`.
 */
export type MistakeCode =
  | 'USAGE'
  | 'CONFIGURATION'
  | 'SOURCE_MISSING'
  | 'SOURCE_INVALID'
  | 'SOURCE_EMPTY'
  | 'UNKNOWN_ZONE'
  | 'UNKNOWN_REGION'
  | 'UNKNOWN_WEEK'
  | 'UNKNOWN_LISTENER'
  | 'UNKNOWN_MODEL'
  | 'UNKNOWN_DEAD_LETTER'
  | 'ARTIFACT_CORRUPT'
  | 'SERVER_DOWN'
  | 'SERVER_REFUSED'
  | 'LOCKED';

export class Mistake extends Error {
  override readonly name = 'Mistake';
  readonly code: MistakeCode;

  constructor(code: MistakeCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
