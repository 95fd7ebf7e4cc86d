import { basename } from 'node:path';
import { languageTag } from '../../model/language-tags.ts';
import { Mistake } from '../../model/mistake.ts';
import { countryCode, pictureAddress } from '../../model/profile.ts';
import { ianaZone } from '../../model/zone-names.ts';
import { readSql } from '../sql.ts';
import type { Importer } from './importer.ts';
import { lookUp, putListens } from './listens.ts';
import { putRecordings } from './recordings.ts';
import type { ImportSession } from './session.ts';
import type { Columns } from './source-reader.ts';

const listens = 'listens.csv';
const recordings = 'recordings.csv';
const playlists = 'playlists.csv';
const memberships = 'memberships.csv';
const texts = 'texts.jsonl';
const artistPlays = 'artist_plays.csv';
const artistTags = 'artist_tags.csv';
const profiles = 'profiles.csv';

/** Columns of the files, as the README describes them. */
const columns = {
  [listens]: {
    required: ['listened_at', 'listener', 'artist', 'title'],
    optional: ['zone', 'language'],
  },
  [recordings]: {
    required: ['recording_id', 'title', 'artists'],
    optional: [
      ...['album', 'album_id', 'length_s', 'released', 'popularity', 'genres', 'danceability'],
      ...['energy', 'speechiness', 'acousticness', 'instrumentalness', 'liveness', 'valence'],
      ...['loudness', 'tempo', 'musical_key', 'mode', 'known_from'],
    ],
  },
  [playlists]: { required: ['playlist_id', 'name'], optional: ['description', 'listener'] },
  [memberships]: { required: ['playlist_id', 'recording_id', 'added'], optional: ['removed'] },
  [artistPlays]: { required: ['listener', 'artist', 'plays'], optional: ['known_from'] },
  [artistTags]: { required: ['artist', 'tag'], optional: ['tagged', 'listener'] },
  [profiles]: {
    required: ['listener', 'at'],
    optional: ['zone', 'country', 'language', 'picture_url'],
  },
} satisfies Record<string, Columns>;

/** What a file needs beside it to mean anything. */
const companions: Readonly<Record<string, readonly string[]>> = {
  [recordings]: [listens],
  [playlists]: [listens, recordings, memberships],
  [memberships]: [listens, recordings, playlists],
  [texts]: [listens],
  [artistPlays]: [listens],
  [artistTags]: [listens],
  [profiles]: [listens],
};

/**
 * The project's own format, which the simulator writes and anybody can bring: CSV files (RFC 4180,
 * UTF-8, one row a line) and one of JSON objects. Only the listens must be there. Rows carry the
 * name of the folder as their source.
 */
export const plain: Importer = {
  version: 1,
  layout: listens,
  bringsListens: true,
  source: ({ path }) => `plain-${slug(basename(path))}`,
  find(folder) {
    const found = [listens, ...Object.keys(companions)].filter((file) => folder.find(file));
    for (const file of found) {
      const missing = companions[file]?.find((needed) => !folder.find(needed));
      if (missing === undefined) continue;
      throw new Mistake(
        'SOURCE_MISSING',
        `${folder.locate(missing)}: expected this file beside ${file}, found no such file`,
      );
    }
    return found.map((file) => folder.find(file)!);
  },
  async run(session) {
    const { sql, folder } = session;
    await read(session, 'plays', listens);
    await sql.run(readSql(import.meta.url, 'plain-listens.sql'));
    await putListens(session, 'plays', 'named_plays');
    if (folder.find(recordings)) await runRecordings(session);
    if (folder.find(memberships)) await runPlaylists(session);
    if (folder.find(texts)) {
      await session.readJsonLines('texts', folder.find(texts)!, true);
      await runTable(session, 'texts', 'texts');
    }
    if (folder.find(artistPlays)) {
      await read(session, 'artist_plays', artistPlays);
      await runTable(session, 'artist_plays', 'artist_plays');
    }
    if (folder.find(artistTags)) {
      await read(session, 'artist_tags', artistTags);
      await runTable(session, 'artist_tags', 'artist_tags');
    }
    if (folder.find(profiles)) await runProfiles(session);
  },
};

async function read(
  session: ImportSession,
  view: string,
  file: keyof typeof columns,
): Promise<void> {
  await session.readCsv(view, session.folder.find(file)!, {
    ...columns[file],
    closed: true,
    mayBeEmpty: file !== listens,
  });
}

async function runRecordings(session: ImportSession): Promise<void> {
  await read(session, 'recordings', recordings);
  await session.take('usable_recordings', 'recordings', select('recordings'));
  await putRecordings(session, 'usable_recordings');
}

async function runPlaylists(session: ImportSession): Promise<void> {
  await read(session, 'playlists', playlists);
  await runTable(session, 'playlists', 'playlists');
  await read(session, 'memberships', memberships);
  await runTable(session, 'memberships', 'memberships');
}

async function runProfiles(session: ImportSession): Promise<void> {
  await read(session, 'profiles', profiles);
  for (const [column, find] of [
    ['zone', ianaZone],
    ['country', countryCode],
    ['language', languageTag],
    ['picture_url', pictureAddress],
  ] as const) {
    await lookUp(session, 'profiles', column, find, `profiles_${column}_known`);
  }
  await runTable(session, 'profiles', 'profiles');
}

async function runTable(
  session: ImportSession,
  view: string,
  table: 'texts' | 'artist_plays' | 'artist_tags' | 'playlists' | 'memberships' | 'profiles',
): Promise<void> {
  await session.take(`usable_${view}`, view, select(table));
  await session.put(table, `usable_${view}`);
}

function select(table: string): string {
  return `(${readSql(import.meta.url, `plain-${table.replace('_', '-')}.sql`)})`;
}

function slug(name: string): string {
  const text = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return text === '' ? 'folder' : text.slice(0, 60);
}
