import { readSql } from '../sql.ts';
import type { Importer } from './importer.ts';
import { putListens } from './listens.ts';

const file = 'listens/nowplaying-2014.csv';

/**
 * What people announced on Twitter in 2014 (#nowplaying): artist and title as typed, with Rails'
 * names of time zones.
 */
export const nowplaying: Importer = {
  version: 2,
  layout: file,
  bringsListens: true,
  source: () => 'nowplaying-2014',
  find: (folder) => [folder.find(file) ?? []].flat(),
  async run(session) {
    const { sql, folder } = session;
    await session.readCsv('nowplaying', folder.find(file)!, {
      required: [
        'timestamp_utc',
        'user',
        'time_zone',
        'utc_offset_s',
        'ui_lang',
        'artist',
        'track',
      ],
    });
    await sql.run(readSql(import.meta.url, 'nowplaying.sql'));
    await putListens(session, 'nowplaying', 'nowplaying_listens');
  },
};
