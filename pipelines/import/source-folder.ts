/** A read-only folder of sources; `infra/source-folder` opens one. */
export interface SourceFolder {
  /** Absolute path. */
  readonly path: string;
  /**
   * The file's path in the folder as it is there: `listens.csv`, or `listens.csv.gz` where only
   * that exists; undefined where neither does.
   */
  find(file: string): string | undefined;
  /** Absolute path of a file that `find` gave. */
  locate(file: string): string;
  /** Bytes of a file that `find` gave. */
  size(file: string): Promise<number>;
  /**
   * SHA-256 of a file's bytes, hexadecimal.
   *
   * @throws Mistake `SOURCE_INVALID` where it cannot be read
   */
  hash(file: string, signal?: AbortSignal): Promise<string>;
}
