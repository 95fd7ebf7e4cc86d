import { readSql } from '../sql.ts';
import type { ImportSession } from './session.ts';

/**
 * Puts recordings, with missing lengths filled in: from another row of the same recording, else
 * from one with the same title and artists. Of several lengths the most frequent, then the
 * shortest.
 *
 * @param relation - name of a relation with the columns of the table, `source` apart
 * @param lengths - name of a relation (recording_id, length_s) of what else is known
 */
export async function putRecordings(
  session: ImportSession,
  relation: string,
  lengths?: string,
): Promise<void> {
  await session.sql.run(
    readSql(import.meta.url, 'recordings.sql')
      .replaceAll('{recordings}', relation)
      .replaceAll(
        '{lengths}',
        lengths ?? '(SELECT NULL AS recording_id, NULL AS length_s LIMIT 0)',
      ),
  );
  const [filled] = await session.sql.rows<{ lengths: number }>(
    `SELECT (SELECT count(*) FROM measured_recordings WHERE length_s IS NOT NULL)
          - (SELECT count(*) FROM ${relation} WHERE length_s IS NOT NULL) AS lengths`,
  );
  session.repaired('missing length', filled!.lengths);
  await session.put('recordings', 'measured_recordings');
}
