import { readSql } from '../sql.ts';
import { allOrNone, type Importer } from './importer.ts';

const artists = 'lastfm-2k/artists.dat';
const tags = 'lastfm-2k/tags.dat';
const plays = 'lastfm-2k/user_artists.dat';
const tagged = 'lastfm-2k/user_taggedartists.dat';

const format = { delimiter: '\t', quotes: false } as const;

/** HetRec 2011: how often 1,892 people of last.fm played artists, and how they tagged them. */
export const lastfm: Importer = {
  version: 1,
  layout: 'lastfm-2k/*.dat',
  bringsListens: false,
  source: () => 'lastfm-2k',
  find: (folder) => allOrNone(folder, [artists, tags, plays, tagged]),
  async run(session) {
    const { sql, folder } = session;
    const read = (view: string, file: string, required: string[]) =>
      session.readCsv(view, folder.find(file)!, { required, format });
    await read('artists', artists, ['id', 'name']);
    await read('tags', tags, ['tagID', 'tagValue']);
    await read('plays', plays, ['userID', 'artistID', 'weight']);
    await read('tagged', tagged, ['userID', 'artistID', 'tagID', 'day', 'month', 'year']);
    await sql.run(readSql(import.meta.url, 'lastfm-names.sql'));
    await session.take('usable_artists', 'artists', 'checked_artists');
    await session.take('usable_tags', 'tags', 'checked_tags');
    await sql.run(readSql(import.meta.url, 'lastfm-checks.sql'));
    await session.take('usable_plays', 'plays', 'checked_plays');
    await session.take('usable_tagged', 'tagged', 'checked_tagged');
    await session.put(
      'artist_plays',
      `(SELECT listener, artist, sum(plays) AS plays, DATE '2011-05-31' AS known_from
        FROM usable_plays GROUP BY listener, artist)`,
    );
    await session.put('artist_tags', 'usable_tagged');
  },
};
