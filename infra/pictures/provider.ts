/** A listener's picture, as one provider has it. */
export interface FoundPicture {
  /** First 32 hexadecimal digits of its SHA-256; its bytes are kept under that. */
  readonly hash: string;
  /** Milliseconds since 1970 from when it is the listener's picture: the newest one wins. */
  readonly since: number;
}

/** Somewhere that listeners' pictures come from. */
export interface PictureProvider {
  /** Lower case, for the log and for what is remembered. */
  readonly name: string;
  /**
   * Undefined where there is none or it could not be had in time. Never rejects, and settles when
   * the signal aborts.
   */
  newest(user: string, signal: AbortSignal): Promise<FoundPicture | undefined>;
}
