import { join } from 'node:path';
import { openDuckdb } from '../infra/duckdb.ts';
import { openHistoryFiles } from '../infra/history-files.ts';
import { openLake } from '../infra/lake.ts';
import { acquireLock } from '../infra/lock.ts';
import { Mistake } from '../model/mistake.ts';
import { ianaZone } from '../model/zone-names.ts';
import { parseColumnMap } from '../pipelines/import/history/column-map.ts';
import { checkEncoding } from '../pipelines/import/history/encoding.ts';
import { parseFormat } from '../pipelines/import/history/formats.ts';
import {
  importHistory,
  type HistoryFunnel,
  type HistoryProgress,
} from '../pipelines/import/history/import-history.ts';

/** What the command line says. */
export interface ImportHistoryRequest {
  /** File, folder or archive. */
  readonly path: string;
  readonly listener: string;
  readonly zone?: string | undefined;
  readonly format?: string | undefined;
  readonly map?: string | undefined;
  readonly encoding?: string | undefined;
}

export interface ImportHistorySettings {
  readonly home: string;
  readonly progress?: (progress: HistoryProgress) => void;
  readonly signal?: AbortSignal;
}

/** MiB that DuckDB may hold while it sorts a file, and while rows go into the lake. */
const memoryMb = 512;

/**
 * Imports a listener's history into the lake of a home. What is converted lies in
 * `<home>/history/<source>/` until it is in the lake.
 *
 * @throws Mistake as `importHistory`; `USAGE`, `UNKNOWN_ZONE` for options that nobody understands
 */
export async function importHistoryOf(
  request: ImportHistoryRequest,
  { home, progress, signal }: ImportHistorySettings,
): Promise<HistoryFunnel> {
  const listener = request.listener.trim();
  if (listener === '') throw new Mistake('USAGE', '--listener: expected an id, got none');
  const zone = request.zone === undefined ? undefined : ianaZone(request.zone);
  if (request.zone !== undefined && zone === undefined) {
    throw new Mistake(
      'UNKNOWN_ZONE',
      `--zone: expected a time zone such as Asia/Jakarta, got "${request.zone}"`,
    );
  }
  const { format, map, encoding } = request;
  const meaning = {
    listener,
    zone,
    ...(format !== undefined && { format: named('--format', parseFormat, format) }),
    ...(map !== undefined && { map: named('--map', parseColumnMap, map) }),
    ...(encoding !== undefined && { encoding: named('--encoding', checkEncoding, encoding) }),
  };
  const files = await openHistoryFiles(request.path);
  const release = await acquireLock(join(home, 'history', 'lock'), {
    waitMs: 600_000,
    what: `histories of ${home}`,
    signal,
  });
  try {
    return await importHistory({
      ...meaning,
      files,
      lake: openLake(home),
      openSql: (spillTo) => openDuckdb({ memoryMb, threads: 2, spillTo }),
      converted: (source) => join(home, 'history', source),
      clock: Date.now,
      ...(progress && { progress }),
      ...(signal && { signal }),
    });
  } finally {
    release();
    files.dispose();
  }
}

/** What an option says, with its name in what is wrong with it. */
function named<Value>(option: string, parse: (text: string) => Value, text: string): Value {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    throw new Mistake(error.code, `${option}: ${error.message}`, { cause: error });
  }
}
