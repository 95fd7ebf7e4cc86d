import { createHash, randomUUID } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import sharp from 'sharp';
import { readConfig, type Config } from '../../infra/config.ts';
import { openLogReader } from '../../infra/event-log.ts';
import { simulate } from '../../pipelines/simulate/simulate.ts';
import { lakeTables } from '../../pipelines/tables.ts';
import type { ErasureReport } from '../../workers/erase.ts';
import { runIngest } from '../../workers/ingest.ts';
import type { WeeklyResult } from '../../workers/weekly.ts';
import { removeStream, startApi, tokenOf, type ApiProcess } from '../support/api-process.ts';
import { openCommandLine, type CommandLine } from '../support/command-line.ts';
import { everything, placesOf, type Found } from '../support/everything.ts';
import { ownBroker, type OwnBroker } from '../support/own-servers.ts';
import { sharedServers, silentLog } from '../support/servers.ts';
import { queryLake, temporaryFolder } from '../support/sources.ts';

jest.setTimeout(1_200_000);

/** Tables of the lake that say whose a row is. */
const tables = Object.entries(lakeTables).flatMap(([table, columns]) =>
  'listener' in columns ? [table] : [],
);

describe.each(['rabbitmq', 'kafka'] as const)(
  'a listener of a real week, the log in %s',
  (kind) => {
    const root = temporaryFolder();
    const data = join(root.path, 'data');
    const unique = randomUUID().slice(0, 6);
    const gone = `zoë.o'neill+${unique}`;
    /** What she alone has played, and what she calls her playlist. */
    const herWords = [`Vrbntsk ${unique}`, `Qwxzjk ${unique}`, `Zzyzx ${unique}`] as const;
    const [herArtist, herTitle, herPlaylist] = herWords;
    const traces = [gone, ...herWords];
    let other: string;
    let broker: OwnBroker | undefined;
    let cli: CommandLine;
    let api: ApiProcess;
    let config: Config;
    let report: ErasureReport;
    /** What there was of the others before she was erased. */
    let before: Awaited<ReturnType<typeof ofOthers>>;

    beforeAll(async () => {
      if (kind === 'kafka') broker = await ownBroker('kafka', 'erasure-kafka');
      const brokers = broker?.config.kafkaBrokers;
      const env = brokers === undefined ? {} : { KAFKA_BROKERS: brokers.join(',') };
      cli = await openCommandLine(undefined, undefined, env);
      const { home, namespace } = cli;
      config = { ...readConfig({ home }, env), namespace };
      await makeSources();
      api = await startApi(cli);
      for (const id of [gone, other]) await speak(id);
      const history = join(root.path, 'plays.csv');
      await writeFile(
        history,
        `ts,artist,title\n2025-12-01T10:00:00Z,Low,Words\nno time,Low,${herTitle}\n`,
      );
      await cli.run(
        ...['import-history', history, '--listener', gone],
        ...['--map', 'listened_at=ts,artist=artist,title=title'],
      );
      await cli.run('ingest', '--once');
      await cli.run('weekly', '--data', data, '--week', '2026-W02');
      for (const id of [gone, other]) await look(id);
    });
    afterAll(async () => {
      api?.running.kill();
      await cli?.dispose();
      if (kind === 'rabbitmq' && cli) {
        await removeStream((await sharedServers()).rabbitmqUrl, cli.namespace);
      }
      await broker?.stop();
      root.remove();
    });

    /** A small world in which she has somebody's place, and owners of playlists are named. */
    async function makeSources(): Promise<void> {
      await simulate({ listeners: 40, tracks: 2000, weeks: 3, seed: 11 }, data);
      const linesOf = async (name: string) =>
        (await readFile(join(data, name), 'utf8')).trimEnd().split('\n');
      const listens = await linesOf('listens.csv');
      const plays = new Map<string, number>();
      for (const line of listens.slice(1)) {
        const id = line.split(',')[1]!;
        plays.set(id, (plays.get(id) ?? 0) + 1);
      }
      const most = [...plays].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
      const [[replaced], [next]] = most as [[string, number], [string, number]];
      other = next;
      const hers = listens.map((line) => line.replace(`,${replaced},`, `,${gone},`));
      hers.push(`2026-01-01T10:00:00Z,${gone},Asia/Jakarta,,${herArtist},${herTitle}`);
      await writeFile(join(data, 'listens.csv'), `${hers.join('\n')}\n`);
      const [header, ...playlists] = await linesOf('playlists.csv');
      const owned = [`own-1,${herPlaylist},,${gone}`, `own-2,Mornings,,${other}`];
      const all = [`${header!},listener`, ...playlists.map((line) => `${line},`), ...owned];
      await writeFile(join(data, 'playlists.csv'), `${all.join('\n')}\n`);
      const recordings = (await linesOf('recordings.csv')).slice(1, 9);
      const members = recordings.flatMap((line) => {
        const recording = line.split(',')[0]!;
        return ['own-1', 'own-2'].map((id) => `${id},${recording},2025-12-01,`);
      });
      await appendFile(join(data, 'memberships.csv'), `${members.join('\n')}\n`);
    }

    /**
     * Where anything of them is left. What music is called stays where lists need it: a track that
     * they alone have played may stand on the list of somebody else.
     */
    async function tracesIn(of: Config): Promise<string[]> {
      const isName = /^(MongoDB: (tracks|artists)|home: artifacts\/lists\/\w+\/names\/\w+\.bson)$/;
      const music = await placesOf([herArtist, herTitle], everything(of));
      const theirs = await placesOf([gone, herPlaylist], everything(of));
      return [...theirs, ...music.filter((place) => !isName.test(place))];
    }

    const bearer = async (id: string) => ({ authorization: `Bearer ${await tokenOf(cli, id)}` });
    const urlOf = (id: string, path: string) =>
      `${api.url}/v1/users/${encodeURIComponent(id)}/${path}`;

    async function expectOk(answer: Response): Promise<void> {
      if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
    }

    /** All that a client may send of a listener. */
    async function speak(id: string): Promise<void> {
      const headers = { ...(await bearer(id)), 'content-type': 'application/json' };
      const send = async (path: string, body: object, method = 'POST') =>
        expectOk(await fetch(urlOf(id, path), { method, headers, body: JSON.stringify(body) }));
      const token = await tokenOf(cli, id);
      const track_metadata = { artist_name: herArtist, track_name: herTitle };
      const listened_at = Date.parse('2026-01-02T12:00:00Z') / 1000;
      const mine = id === gone ? track_metadata : { artist_name: 'Low', track_name: 'Words' };
      await expectOk(
        await api.submit(
          { listen_type: 'single', payload: [{ listened_at, track_metadata: mine }] },
          token,
        ),
      );
      await expectOk(
        await api.submit(
          { listen_type: 'playing_now', payload: [{ track_metadata: mine }] },
          token,
        ),
      );
      const at = '2026-01-02T12:00:00Z';
      const thing = { artist: mine.artist_name, at };
      await send('feedback', { kind: 'love', title: mine.track_name, ...thing });
      await send('searches', { query: mine.artist_name, at });
      await send('saves', { scope: 'artist', saved: true, ...thing });
      await send('blocks', { scope: 'artist', artist: 'Nobody at all', at });
      await send('exclusions', { client: 'kids.example', at });
      const name = id === gone ? herPlaylist : 'Evenings';
      await send('playlist-changes', { change: 'create', playlistId: 'mine', name, at });
      const track = { title: mine.track_name, ...thing };
      await send('playlist-changes', { change: 'add', playlistId: 'mine', ...track });
      await send('profile', { zone: 'Asia/Jakarta', country: 'ID', at }, 'PUT');
      const background = id === gone ? '#c02020' : '#2020c0';
      const image = sharp({ create: { width: 80, height: 80, channels: 3, background } }).png();
      const picture = { ...headers, 'content-type': 'image/png' };
      const body = await image.toBuffer();
      await expectOk(
        await fetch(urlOf(id, 'picture'), {
          method: 'PUT',
          headers: picture,
          body: new Uint8Array(body),
        }),
      );
    }

    /** Looks at the list, its cover and what was heard, as a client does. */
    async function look(id: string): Promise<void> {
      const headers = await bearer(id);
      await expectOk(await fetch(urlOf(id, 'playlists/current'), { headers }));
      await expectOk(await fetch(urlOf(id, 'playlists/2026-W02/cover'), { headers }));
      const user = encodeURIComponent(id);
      await expectOk(await fetch(`${api.url}/1/user/${user}/listens`, { headers }));
    }

    async function ofOthers() {
      const documents = await cli.documents();
      const rows: Record<string, string> = {};
      for (const table of tables) {
        const found = await queryLake(
          cli.home,
          `SELECT * FROM lake.${table} WHERE listener IS DISTINCT FROM '${gone.replaceAll("'", "''")}' ORDER BY ALL`,
        );
        const text = JSON.stringify(found, (_key, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value,
        );
        rows[table] = `${found.length} ${createHash('sha256').update(text).digest('hex')}`;
      }
      return { documents: documents.filter(({ user }) => user !== gone), rows };
    }

    const listenersOf = (documents: readonly { user: string }[]) =>
      documents.map(({ user }) => user).sort();

    test('is erased by the command, which then finds them nowhere', async () => {
      const documents = await cli.documents();
      expect(listenersOf(documents)).toContain(gone);
      before = await ofOthers();
      expect(before.documents.length).toBeGreaterThan(30);
      // What there is to be found, so that finding nothing says something.
      const found = (await placesOf(traces, everything(config))).join('\n');
      for (const place of [
        ...tables
          .filter((table) => !['artist_plays', 'artist_tags'].includes(table))
          .map((table) => `home: lake/${table}/`),
        ...['home: lake/rejects/', 'home: artifacts/catalogue/', 'home: artifacts/spellings/'],
        ...['home: artifacts/lists/', 'home: artifacts/lists/'],
        ...['MongoDB: playlists', 'MongoDB: ledger', 'MongoDB: pictures'],
        ...[`Redis: ${cli.namespace}:current`, `Redis: ${cli.namespace}:playing-now`],
        'Redis commands: ',
      ]) {
        expect(found).toContain(place);
      }
      report = await cli.json<ErasureReport>('erase', gone, '--yes');
      expect(report).toMatchObject({ listener: gone, found: [] });
      expect(report.finishedAt).not.toBeNull();
      expect((await cli.start(['erase', gone, '--check']).ended).code).toBe(0);
    });

    test('is in no byte of the home and of the servers, in no encoding', async () => {
      expect(await tracesIn(config)).toEqual([]);
    });

    test('leaves the others with all that they had', async () => {
      expect(await ofOthers()).toEqual(before);
    });

    test('does not come back from the log, which gives the others back', async () => {
      const servers = await sharedServers();
      const reader = openLogReader(config, servers);
      const inLog: Found[] = [];
      const stop = new AbortController();
      const last = await reader.last();
      for await (const { offset, body } of reader.read(0, stop.signal)) {
        inLog.push({ place: 'log', bytes: Buffer.from(body) });
        if (offset >= last) break;
      }
      await reader.dispose();
      // It keeps what came in for its time.
      expect(await placesOf([gone], inLog)).toEqual(['log']);
      const anew = { ...config, home: join(root.path, 'anew') };
      await runIngest({ config: anew, servers, log: silentLog, once: true }, stop.signal);
      const spoken = await queryLake(anew.home, 'SELECT DISTINCT listener FROM lake.listens');
      expect(spoken).toEqual([{ listener: other }]);
      expect(await tracesIn(anew)).toEqual([]);
    });

    test('is not in the next week, in which everybody else has a list of thirty', async () => {
      const known = listenersOf(before.documents);
      const { weeks } = await cli.json<WeeklyResult>('weekly', '--lake', '--week', '2026-W03');
      const documents = (await cli.documents()).filter(({ week }) => week === '2026-W03');
      expect(weeks[0]!.delivery).toMatchObject({ failed: 0, delivered: documents.length });
      expect(listenersOf(documents)).toEqual(expect.arrayContaining(known));
      expect(listenersOf(documents)).not.toContain(gone);
      for (const { tracks } of documents) expect(tracks).toHaveLength(30);
      expect(await tracesIn(config)).toEqual([]);
    });

    test('is not in the week before made again, though its sources still have them', async () => {
      const { weeks, imported } = await cli.json<WeeklyResult>(
        ...['weekly', '--data', data, '--week', '2026-W02'],
      );
      expect(imported.every(({ reused }) => reused)).toBe(true);
      expect(weeks[0]!.delivery).toMatchObject({ failed: 0 });
      const documents = (await cli.documents()).filter(({ week }) => week === '2026-W02');
      expect(documents).toEqual(before.documents);
      expect(await tracesIn(config)).toEqual([]);
    });

    test('is nobody to a client, which others are', async () => {
      const headers = await bearer(gone);
      expect((await fetch(urlOf(gone, 'playlists/current'), { headers })).status).toBe(404);
      expect((await fetch(urlOf(gone, 'picture'), { headers })).status).toBe(404);
      const user = encodeURIComponent(gone);
      const listens = await fetch(`${api.url}/1/user/${user}/listens`, { headers });
      expect(JSON.stringify(await listens.json())).not.toContain(herTitle);
      await look(other);
    });
  },
);
