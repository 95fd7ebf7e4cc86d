import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importFolder } from '../../infra/import-folder.ts';
import { ianaZone } from '../../model/zone-names.ts';
import type { SourceFunnel } from '../../pipelines/import/import-sources.ts';
import { describeRealData, realData } from '../support/real-data.ts';
import { lakeFiles, queryLake, readRejects, temporaryFolder } from '../support/sources.ts';

/** Minutes east of Greenwich at an instant, by Intl. */
function offsetMinutes(zone: string, instant: string): number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  const name = format
    .formatToParts(new Date(instant))
    .find(({ type }) => type === 'timeZoneName')!.value;
  const match = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name)!;
  const minutes = Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0);
  return match[1] === '-' ? -minutes : minutes;
}

describeRealData('the real data', () => {
  const root = temporaryFolder();
  const home = join(root.path, 'home');
  let funnels: Map<string, SourceFunnel>;
  beforeAll(async () => {
    funnels = new Map(
      (await importFolder(realData, home)).map((funnel) => [funnel.source, funnel]),
    );
  }, 600_000);
  afterAll(() => root.remove());

  // Counted independently, in a few lines of Python over the files.
  test('give these counts', () => {
    expect(funnels.get('nowplaying-2014')).toMatchObject({
      rowsIn: 31_835,
      rowsOut: 31_813,
      tables: { listens: 31_813 },
      dropped: { 'missing artist': 21, 'missing title': 1 },
      repaired: {
        'artist and title exchanged': 2,
        'artist in the title field': 3,
        'artist repeated in the title': 32,
        'hashtag in a name': 269,
        'link in a name': 47,
        'stray quotation mark': 34,
        'unknown language': 29,
        'wrong encoding': 1,
        "zone of the listener's nearest listen": 142,
      },
    });
    expect(funnels.get('playlists-2021')).toMatchObject({
      rowsIn: 250 + 63_479 + 24_489 + 94_333,
      tables: { playlists: 250, recordings: 63_476, memberships: 94_315 },
      dropped: { 'missing title': 3, 'repeated in the source': 20, 'unknown track': 8 },
      repaired: { 'HTML entity': 1, 'invisible character': 22 },
    });
    expect(funnels.get('spotify-songs-2020')).toMatchObject({
      rowsIn: 32_833,
      tables: { playlists: 471, recordings: 28_352, memberships: 32_246 },
      dropped: { 'missing title': 5 },
      repaired: {
        'audio features of a failed analysis': 1,
        'date without day': 1_886,
        'invisible character': 341,
      },
    });
    expect(funnels.get('wikipedia')).toMatchObject({ rowsIn: 5_050, rowsOut: 5_050, dropped: {} });
    expect(funnels.get('lastfm-2k')).toMatchObject({
      rowsIn: 17_632 + 11_946 + 92_834 + 186_479,
      tables: { artist_plays: 92_834, artist_tags: 184_941 },
      dropped: { 'unknown artist': 1_538 },
      repaired: { 'impossible date': 5, 'wrong encoding': 1 },
    });
  });

  test('every dropped row is kept aside, but for the repeated ones', async () => {
    const dropped = [...funnels.values()].flatMap((funnel) => Object.entries(funnel.dropped));
    const expected = dropped
      .filter(([reason]) => reason !== 'repeated in the source')
      .reduce((sum, [, rows]) => sum + rows, 0);
    const rejects = await readRejects(home);
    expect(rejects).toHaveLength(expected);
    for (const { source, file, line } of rejects.filter((_, i) => i % 100 === 0)) {
      expect(funnels.get(source)!.files).toContain(file);
      expect(line).toBeGreaterThan(1);
    }
  });

  test('every listener but those of whom no zone is known has one, and all are IANA names', async () => {
    const rows = await queryLake<{ zone: string | null; listeners: number }>(
      home,
      `SELECT zone, count(DISTINCT listener) AS listeners FROM lake.listens GROUP BY zone`,
    );
    for (const { zone } of rows) if (zone !== null) expect(ianaZone(zone)).toBe(zone);
    const [unlocated] = await queryLake<{ listeners: number }>(
      home,
      `SELECT count(*) AS listeners FROM (
         SELECT listener FROM lake.listens GROUP BY listener HAVING count(zone) = 0)`,
    );
    expect(unlocated!.listeners).toBe(203);
  });

  test("the zones have the offsets that the file gives, Twitter's own slips apart", async () => {
    const lines = (await readFile(join(realData, 'listens/nowplaying-2014.csv'), 'utf8')).split(
      '\r\n',
    );
    let known = 0;
    let agreeing = 0;
    for (const line of lines.slice(1).filter((_, i) => i % 7 === 0)) {
      const [time, , name, offset] = line.split(',');
      if (!name) continue;
      known++;
      if (offsetMinutes(ianaZone(name)!, time!) === Number(offset) / 60) agreeing++;
    }
    expect(known).toBeGreaterThan(4_000);
    expect(agreeing / known).toBeGreaterThan(0.998);
  });

  test('values are in their ranges and names are not empty', async () => {
    const [bad] = await queryLake<Record<string, number>>(
      home,
      `SELECT
         (SELECT count(*) FROM lake.listens WHERE artist = '' OR title = '' OR artist IS NULL
            OR title IS NULL OR artist LIKE '%://%' OR title LIKE '%://%') AS listens,
         (SELECT count(*) FROM lake.recordings WHERE title IS NULL OR len(artists) = 0
            OR list_contains(artists, '') OR length_s <= 0 OR tempo <= 0
            OR NOT energy BETWEEN 0 AND 1 OR NOT popularity BETWEEN 0 AND 100) AS recordings,
         (SELECT count(*) FROM lake.memberships m ANTI JOIN lake.recordings r
            ON r.recording_id = m.recording_id AND r.source = m.source) AS memberships,
         (SELECT count(*) FROM lake.artist_tags
            WHERE NOT tagged BETWEEN DATE '2005-01-01' AND DATE '2011-05-31') AS tags`,
    );
    expect(bad).toEqual({ listens: 0, recordings: 0, memberships: 0, tags: 0 });
  });

  test('imported again, change nothing', async () => {
    const before = await lakeFiles(home);
    const again = await importFolder(realData, home);
    expect(again.every(({ reused }) => reused)).toBe(true);
    expect(await lakeFiles(home)).toEqual(before);
  }, 600_000);
});
