/** A file of a listening history: on disk, or in an archive. `infra/history-files` opens them. */
export interface HistoryFile {
  /** Its path in what was given, with `/`: `my_spotify_data.zip/Streaming_History_Audio_2020.json`. */
  readonly name: string;
  /** For messages: where it is. */
  readonly label: string;
  /** Bytes, unpacked. */
  readonly size: number;
  /** Where it lies on disk as it is; undefined in an archive. */
  readonly path: string | undefined;
  /**
   * Hash of its content, hexadecimal: of a file its own, of one in an archive that of the archive
   * and its name in there.
   */
  hash(signal?: AbortSignal): Promise<string>;
  /**
   * Its bytes, from the beginning each time.
   *
   * @throws Mistake `SOURCE_INVALID` where it is damaged or larger than the archive says
   */
  read(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** All that was given: a file, a folder, an archive, or a folder of archives. */
export interface HistoryFiles {
  /** Absolute path. */
  readonly path: string;
  /** By name. */
  readonly files: readonly HistoryFile[];
  /** May be called twice. */
  readonly dispose: () => void;
}

/** The first bytes of a file, at most `most`. */
export async function headOf(
  file: HistoryFile,
  most: number,
  signal?: AbortSignal,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of file.read(signal)) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= most) break;
  }
  return Buffer.concat(chunks).subarray(0, most);
}
