import { join } from 'node:path';
import { fromLake } from '../../pipelines/lake.ts';
import type { Clock, Log, Sql } from '../../pipelines/ports.ts';
import { openDuckdb } from '../duckdb.ts';
import { gather } from '../gather.ts';
import { openLake } from '../lake.ts';
import type { ProfilePicture } from './profile.ts';

export interface ProfileUrls {
  /** What the listener's newest profile in the lake says; undefined where it names no picture. */
  pictureUrlOf(user: string): Promise<ProfilePicture | undefined>;
  /** May be called twice. */
  dispose(): Promise<void>;
}

/** Profiles that come into the lake count after this time at the latest. */
const refreshMs = 60_000;

/**
 * The addresses of pictures in the lake's `profiles`. They are read into an engine of their own when
 * they are first asked for, and again when there are other files; a lake without profiles costs a
 * look at its manifest each minute. What cannot be read counts as no picture.
 */
export function openProfileUrls(home: string, clock: Clock, log: Log): ProfileUrls {
  const lake = openLake(home, { verifyMb: 0 });
  let sql: Sql | undefined;
  let files: readonly string[] = [];
  let readAt = -Infinity;
  let reading: Promise<void> | undefined;
  let isOpen = true;

  async function read(): Promise<void> {
    const found = (await lake.snapshot()).tables.profiles;
    if (found.join() !== files.join()) {
      sql ??= await openDuckdb({ threads: 1, memoryMb: 256, spillTo: join(home, 'spill') });
      await sql.run(
        `CREATE OR REPLACE TABLE pictures AS
         SELECT listener, picture_url AS url, happened_at
         FROM ${fromLake('profiles', found)}
         QUALIFY row_number() OVER (
           PARTITION BY listener
           ORDER BY happened_at DESC, zone, country, language, picture_url, source
         ) = 1
         ORDER BY listener`,
      );
      files = found;
    }
    readAt = clock();
  }

  const lookup = gather<ProfilePicture>(async (users) => {
    if (!isOpen) return new Map();
    if (clock() - readAt >= refreshMs) {
      reading ??= read()
        .catch((error: Error) => {
          log.warn({ error: error.message }, 'pictures: profiles are passed over');
          readAt = clock();
        })
        .finally(() => (reading = undefined));
      await reading;
    }
    if (sql === undefined || files.length === 0) return new Map();
    const rows = await sql.rows<{ listener: string; url: string; happened_at: Date }>(
      `SELECT listener, url, happened_at FROM pictures
       WHERE url IS NOT NULL AND listener IN (SELECT unnest(CAST($users AS JSON)::VARCHAR[]))
       ORDER BY listener`,
      { users: JSON.stringify(users) },
    );
    return new Map(
      rows.map(({ listener, url, happened_at }) => [
        listener,
        { url, givenAt: happened_at.getTime() },
      ]),
    );
  });

  return {
    pictureUrlOf: async (user) => (await lookup([user])).get(user),
    async dispose() {
      isOpen = false;
      await reading;
      sql?.dispose();
      sql = undefined;
    },
  };
}
