import { join } from 'node:path';
import type { Config } from '../infra/config.ts';
import { openDuckdb } from '../infra/duckdb.ts';
import { openEventLog } from '../infra/event-log.ts';
import { openLake } from '../infra/lake.ts';
import { logForPeople } from '../infra/log.ts';
import { ensureServers } from '../infra/servers/index.ts';
import { languageTag } from '../model/language-tags.ts';
import { Mistake } from '../model/mistake.ts';
import { countryCode, pictureAddress } from '../model/profile.ts';
import { ianaZone } from '../model/zone-names.ts';
import { fromLake } from '../pipelines/lake.ts';

/** Who a listener is, as far as they said; null where they did not. */
export interface Profile {
  readonly zone: string | null;
  readonly country: string | null;
  readonly language: string | null;
  readonly pictureUrl: string | null;
}

/** As it was typed. An empty text takes back what was said before. */
export type ProfileChange = { readonly [Key in keyof Profile]?: string | undefined };

const parts: Readonly<
  Record<keyof Profile, { find: (text: string) => string | undefined; expected: string }>
> = {
  zone: { find: ianaZone, expected: 'a time zone such as Asia/Jakarta' },
  country: { find: countryCode, expected: 'a country of ISO 3166-1 such as ID' },
  language: { find: languageTag, expected: 'a language of BCP 47 such as id' },
  pictureUrl: { find: pictureAddress, expected: 'an address such as https://example.org/me.png' },
};

/** What the lake holds of a listener, the newest row; undefined where it holds none. */
export async function readProfile(
  { home }: Pick<Config, 'home'>,
  listener: string,
): Promise<(Profile & { readonly at: string }) | undefined> {
  const { tables } = await openLake(home, { verifyMb: 0 }).snapshot();
  const sql = await openDuckdb({ threads: 1, memoryMb: 256, spillTo: join(home, 'spill') });
  try {
    const [row] = await sql.rows<Profile & { happenedAt: Date }>(
      `SELECT zone, country, language, picture_url AS "pictureUrl", happened_at AS "happenedAt"
       FROM ${fromLake('profiles', tables.profiles)} WHERE listener = $listener
       ORDER BY happened_at DESC, zone, country, language, picture_url, source LIMIT 1`,
      { listener },
    );
    if (row === undefined) return undefined;
    const { happenedAt, ...profile } = row;
    return { ...profile, at: happenedAt.toISOString() };
  } finally {
    sql.dispose();
  }
}

/**
 * Says who a listener is from now on: what is given in place of what the lake holds, the rest as it
 * holds it. It is in the log when this resolves, and in the lake once that is taken in.
 *
 * @throws Mistake `USAGE` for what is no zone, country, language or address
 */
export async function changeProfile(
  config: Config,
  listener: string,
  change: ProfileChange,
): Promise<Profile & { readonly at: string }> {
  const known = changed(await readProfile(config, listener), change);
  const log = logForPeople(config.logLevel);
  const events = openEventLog(config, await ensureServers(config, log, ['rabbitmq']), log);
  try {
    const at = new Date().toISOString();
    const { pictureUrl, ...same } = known;
    const row = { happened_at: at, listener, ...same, picture_url: pictureUrl };
    const body = Buffer.from(`${JSON.stringify(row)}\n`);
    await events.append({ table: 'profiles', rows: 1, body });
    return { ...known, at };
  } finally {
    await events.dispose();
  }
}

/** @throws Mistake `USAGE` */
export function changed(before: Profile | undefined, change: ProfileChange): Profile {
  const value = (part: keyof Profile): string | null => {
    const text = change[part];
    if (text === undefined) return before?.[part] ?? null;
    if (text.trim() === '') return null;
    const found = parts[part].find(text);
    if (found !== undefined) return found;
    const option = part === 'pictureUrl' ? 'picture' : part;
    throw new Mistake('USAGE', `--${option}: expected ${parts[part].expected}, got "${text}"`);
  };
  return {
    zone: value('zone'),
    country: value('country'),
    language: value('language'),
    pictureUrl: value('pictureUrl'),
  };
}
