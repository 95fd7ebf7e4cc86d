import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { importInto, listensOf, spotifyRow, writeZip } from '../support/history.ts';
import { readRejects, temporaryFolder, writeSources } from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
let home: string;
beforeEach(() => {
  root = temporaryFolder();
  home = join(root.path, 'home');
});
afterEach(() => root.remove());

/** What an import of files says that it cannot do, without the folder that they are in. */
async function mistakeOf(
  files: Readonly<Record<string, string>>,
  options: Parameters<typeof importInto>[2] = {},
): Promise<string> {
  const path = await writeSources(join(root.path, 'given'), files);
  const message = await importInto(home, path, options).then(
    () => 'none',
    (error: Error & { code: string }) =>
      `${error.code} ${error.message.replaceAll(`${path}/`, '').replaceAll(path, 'given')}`,
  );
  expect(existsSync(join(home, 'lake', 'manifest.json'))).toBe(false);
  return message;
}

const audio = 'Streaming_History_Audio_2020_0.json';

describe('a history that cannot be imported', () => {
  test('is told with the file and its place, in an archive as well, and leaves nothing', async () => {
    const broken = `[\n${JSON.stringify(spotifyRow())},\n{"ts": "2020-01-01T00:00:00Z", "ms_played" 3}]`;
    expect(await mistakeOf({ [audio]: broken })).toMatch(
      new RegExp(`^SOURCE_INVALID ${audio}, line 3, byte \\d+: expected a JSON array, got `),
    );
    const zip = await writeZip(join(root.path, 'data.zip'), { [`My Data/${audio}`]: broken });
    await expect(importInto(home, zip)).rejects.toThrow(`${zip}: My Data/${audio}, line 3, byte`);
    expect(existsSync(join(home, 'history', 'spotify-49915e0d7d4b'))).toBe(false);
  });

  test('a page of XML that is broken, or an error of the API, is told with its line', async () => {
    const page =
      '<lfm status="ok">\n<recenttracks>\n<track><name>A</nam></track></recenttracks></lfm>';
    expect(await mistakeOf({ 'page.xml': page })).toMatch(
      /^SOURCE_INVALID page\.xml, line 3: expected pages of last\.fm's user\.getRecentTracks, got /,
    );
    const failed = '<lfm status="failed">\n<error code="17">Login: User required</error></lfm>';
    expect(await mistakeOf({ 'page.xml': failed })).toBe(
      "SOURCE_INVALID page.xml, line 2: expected pages of last.fm's user.getRecentTracks, got the " +
        'error "Login: User required"',
    );
    const cut = '<lfm status="ok">\n<recenttracks>\n<track><name>A</name>';
    expect(await mistakeOf({ 'page.xml': cut })).toMatch(/^SOURCE_INVALID page\.xml, line 3: /);
  });

  test('entities that a page defines itself are not expanded', async () => {
    const bomb =
      '<!DOCTYPE lfm [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>\n' +
      '<lfm><recenttracks><track><name>&b;</name></track></recenttracks></lfm>';
    expect(await mistakeOf({ 'page.xml': bomb })).toMatch(/^SOURCE_INVALID page\.xml, line 2: /);
  });

  test('an unknown file, an empty folder and several formats at once', async () => {
    expect(await mistakeOf({ 'notes.txt': 'hello' })).toMatch(
      /^SOURCE_INVALID given: expected spotify, .*, maloja, found no file of that kind; /,
    );
    expect(
      await mistakeOf({
        'notes.txt': 'hello',
        [audio]: JSON.stringify([spotifyRow()]),
        'page.xml': '<recenttracks></recenttracks>',
      }),
    ).toBe(
      'SOURCE_INVALID given: expected files of one format, got spotify and lastfm-xml; say which ' +
        'with --format',
    );
  });

  test("Spotify's short history is told apart from the extended one", async () => {
    const short = [{ endTime: '2020-01-01 00:03', artistName: 'A', trackName: 'B', msPlayed: 1 }];
    expect(await mistakeOf({ 'StreamingHistory_music_0.json': JSON.stringify(short) })).toBe(
      "SOURCE_INVALID given: expected Spotify's extended streaming history, got the short one of " +
        'the account data; ask Spotify for "Extended streaming history"',
    );
  });

  test('rows of which none can be used, and files without rows', async () => {
    const podcast = spotifyRow({
      master_metadata_track_name: null,
      master_metadata_album_artist_name: null,
      episode_name: 'E',
    });
    expect(await mistakeOf({ [audio]: JSON.stringify([podcast, podcast]) })).toBe(
      'SOURCE_INVALID given: expected rows that can be used, got none; most often: podcast (2 rows)',
    );
    expect(await mistakeOf({ [audio]: '', 'page.xml': '<recenttracks/>' }, {})).toBe(
      'SOURCE_EMPTY given: expected rows that can be used, got none',
    );
  });

  test('options that nobody understands', async () => {
    const files = { [audio]: JSON.stringify([spotifyRow()]) };
    expect(await mistakeOf(files, { zone: 'Mars/Olympus' })).toBe(
      'UNKNOWN_ZONE --zone: expected a time zone such as Asia/Jakarta, got "Mars/Olympus"',
    );
    expect(await mistakeOf(files, { listener: ' ' })).toBe(
      'USAGE --listener: expected an id, got none',
    );
    expect(await mistakeOf(files, { encoding: 'klingon' })).toBe(
      'USAGE --encoding: expected an encoding such as windows-1252, got "klingon"',
    );
  });

  test('an import that is stopped leaves the lake as it was', async () => {
    const { importHistoryOf } = await import('../../workers/import-history.ts');
    const path = await writeSources(join(root.path, 'given'), {
      [audio]: JSON.stringify([spotifyRow()]),
    });
    const stop = new Error('stopped');
    await expect(
      importHistoryOf({ path, listener: 'ann' }, { home, signal: AbortSignal.abort(stop) }),
    ).rejects.toBe(stop);
    expect(existsSync(join(home, 'lake', 'manifest.json'))).toBe(false);
  });
});

test('of a listener who was erased, neither old rows nor what was kept aside comes back', async () => {
  const { openLake } = await import('../../infra/lake.ts');
  const { openDuckdb } = await import('../../infra/duckdb.ts');
  const { createHash } = await import('node:crypto');
  await openLake(home).update(async (update) => {
    const path = join(update.scratch, 'erasures.parquet');
    const sql = await openDuckdb({ threads: 1 });
    const hash = createHash('sha256').update('ann').digest('hex');
    await sql.run(`COPY (SELECT TIMESTAMP '2020-06-01' AS happened_at, '${hash}' AS listener_hash,
      'erasure' AS source) TO '${path}' (FORMAT parquet)`);
    sql.dispose();
    const counts = { rowsIn: 1, rowsOut: 1, tables: { erasures: 1 }, dropped: {}, repaired: {} };
    const record = { source: 'erasure', fingerprint: 'f'.repeat(64), counts };
    await update.commit(record, [{ path, table: 'erasures', rows: 1 }]);
  });
  const rows = [
    spotifyRow(),
    spotifyRow({ ts: '2021-01-01T00:00:00Z' }),
    spotifyRow({ ts: 'soon', master_metadata_track_name: 'Kept aside' }),
  ];
  const path = await writeSources(join(root.path, 'given'), { [audio]: JSON.stringify(rows) });
  expect(await importInto(home, path)).toMatchObject({
    tables: { listens: 1 },
    dropped: { 'of an erased listener': 1, 'bad date': 1 },
  });
  expect((await listensOf(home)).map((row) => row[0])).toEqual(['2020-12-31 23:57:00.000']);
  expect(await readRejects(home)).toEqual([]);
});
