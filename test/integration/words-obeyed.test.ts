import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { openArtifacts } from '../../infra/artifacts.ts';
import { openListArchive } from '../../infra/list-archive.ts';
import type { NamedList } from '../../pipelines/listed.ts';
import { simulate } from '../../pipelines/simulate/simulate.ts';
import { writeLog } from '../support/log-rows.ts';
import { namedListsOf } from '../support/named-lists.ts';
import { mondaymix } from '../support/operator.ts';
import { temporaryFolder } from '../support/sources.ts';

jest.setTimeout(900_000);

/** Monday 2026-01-05. */
const week = '2026-W02';
const said = '2026-01-02 12:00:00';
const root = temporaryFolder();
const home = join(root.path, 'home');

/** Who says what; each is a listener of the simulation. */
const roles = [
  'hater',
  'skipper',
  'hurried',
  'artist blocker',
  'album blocker',
  'track blocker',
  'once a blocker',
  'forgiver',
  'keeper',
  'lover',
  'mover',
] as const;
type Role = (typeof roles)[number];

/** Who is new, and has but these words or listens. */
const newcomers = [
  'loves only',
  'saves only',
  'keeps only',
  'plays',
  'lifts',
  'excludes a client',
  'excludes a week',
] as const;
type Newcomer = (typeof newcomers)[number];

let before: Map<string, NamedList>;
let after: Map<string, NamedList>;
const listenerOf = new Map<Role, string>();
let taste: NamedList['tracks'];

/**
 * The lists of a week before and after listeners said something of the first ones, each of other
 * things; the second are made of what the lake holds then.
 */
beforeAll(async () => {
  const data = join(root.path, 'data');
  await simulate({ listeners: 60, tracks: 3000, weeks: 4, seed: 7 }, data);
  await weekly('--data', data);
  before = await lists();
  const users = [...before.keys()].sort();
  expect(users.length).toBeGreaterThan(40);
  roles.forEach((role, n) => listenerOf.set(role, users[n]!));
  taste = before.get(users.at(-1)!)!.tracks.slice(0, 12);
  await speak();
  await weekly('--data', data, '--recompute');
  after = await lists();
});
afterAll(() => root.remove());

async function weekly(...args: string[]): Promise<void> {
  const made = await mondaymix([
    ...['weekly', '--home', home, '--week', week, '--no-deliver', '--json'],
    ...args,
  ]);
  if (made.code !== 0) throw new Error(made.errors);
}

async function lists(): Promise<Map<string, NamedList>> {
  const archive = openListArchive(home, openArtifacts(join(home, 'artifacts')));
  const all = await namedListsOf((await archive.find(week))!);
  return new Map(all.map((list) => [list.user, list]));
}

async function speak(): Promise<void> {
  const listed = (role: Role) => before.get(listenerOf.get(role)!)!.tracks;
  const named = (role: Role) =>
    listed(role).map(({ artists, title }) => ({
      ...{ happened_at: said, listener: listenerOf.get(role)!, artist: artists[0]!, title },
    }));
  const albums = (role: Role) =>
    listed(role).flatMap(({ artists, album }) =>
      album === undefined
        ? []
        : [{ listener: listenerOf.get(role)!, artist: artists[0]!, name: album }],
    );
  const block = { happened_at: said, until: null };
  const asTracks = (role: Role) =>
    named(role).map(({ title, ...row }) => ({ ...row, name: title }));
  const liked = (listener: Newcomer, happened_at = said) =>
    taste.map(({ artists, title }) => ({ happened_at, listener, artist: artists[0]!, title }));
  const played = (listener: Newcomer, client: string | null) =>
    taste.map(({ artists, title }, n) => ({
      ...{ listened_at: `2025-12-${15 + n} 12:00:00`, listener, zone: 'Asia/Jakarta', client },
      ...{ artist: artists[0]!, title },
    }));
  await writeLog(home, 1, {
    feedback: [
      ...named('hater').map((row) => ({ ...row, kind: 'hate' })),
      ...named('skipper').map((row) => ({ ...row, kind: 'skip', played_ms: 8000 })),
      ...named('lover').map((row) => ({ ...row, kind: 'love' })),
      ...named('forgiver').map((row) => ({ ...row, kind: 'hate', happened_at: '2026-01-01' })),
      ...named('forgiver').map((row) => ({ ...row, kind: 'none' })),
      ...liked('loves only').map((row) => ({ ...row, kind: 'love' })),
    ],
    blocks: [
      ...asTracks('artist blocker').map((row) => ({
        ...row,
        ...block,
        scope: 'artist',
        name: null,
      })),
      ...albums('album blocker').map((row) => ({ ...row, ...block, scope: 'album' })),
      ...asTracks('track blocker').map((row) => ({ ...row, ...block, scope: 'track' })),
      ...asTracks('once a blocker').map((row) => ({
        ...{ ...row, ...block, scope: 'artist', name: null, until: '2026-01-04 00:00:00' },
      })),
    ],
    saves: liked('saves only').map(({ title, ...row }) => ({
      ...{ ...row, scope: 'track', name: title, saved: true },
    })),
    playlist_changes: [
      ...named('keeper').map((row) => ({ ...row, playlist_id: 'mine', change: 'add' })),
      ...liked('keeps only').map((row) => ({ ...row, playlist_id: 'own', change: 'add' })),
    ],
    profiles: [
      { happened_at: said, listener: listenerOf.get('mover')!, zone: 'Pacific/Auckland' },
      { happened_at: said, listener: 'loves only', zone: 'Europe/Amsterdam' },
    ],
    exclusions: [
      { listener: 'excludes a client', client: 'kids.example', lifted: false },
      { listener: 'excludes a week', since: '2025-12-15', before: '2025-12-27', lifted: false },
      { listener: 'lifts', client: 'kids.example', lifted: false, happened_at: '2026-01-01' },
      { listener: 'lifts', client: 'kids.example', lifted: true },
    ].map((row) => ({ happened_at: said, ...row })),
    listens: [
      ...named('hurried').map(({ happened_at: listened_at, ...row }) => ({
        ...{ ...row, listened_at, played_ms: 9000 },
      })),
      ...played('plays', null),
      ...played('lifts', 'kids.example'),
      ...played('excludes a client', 'kids.example'),
      ...played('excludes a week', null),
    ],
  });
}

/** How many tracks of the first list are on the second, and of how many of its artists. */
function again(role: Role): { tracks: number; artists: number } {
  const user = listenerOf.get(role)!;
  const ids = new Set(before.get(user)!.tracks.map(({ trackId }) => trackId));
  const leads = new Set(before.get(user)!.tracks.map(({ artists }) => artists[0]!));
  const now = after.get(user)!.tracks;
  return {
    tracks: now.filter(({ trackId }) => ids.has(trackId)).length,
    artists: now.filter(({ artists }) => artists.some((artist) => leads.has(artist))).length,
  };
}

/** How many tracks are there for what the listener has played or said they like. */
function personal(who: Newcomer): number {
  return after.get(who)!.tracks.filter(({ source }) => source !== 'popularity').length;
}

test('everybody has 30 tracks again, whatever they said', () => {
  expect([...before.keys(), ...newcomers].filter((user) => !after.has(user))).toEqual([]);
  for (const { tracks } of after.values()) expect(tracks).toHaveLength(30);
});

describe('on the next list', () => {
  test('is nothing that was hated', () => {
    expect(again('hater').tracks).toBe(0);
  });

  test('is nothing that was skipped, told by a word or by a listen of nine seconds', () => {
    expect(again('skipper').tracks).toBe(0);
    expect(again('hurried').tracks).toBe(0);
  });

  test('is nothing of a blocked artist', () => {
    expect(again('artist blocker')).toEqual({ tracks: 0, artists: 0 });
  });

  test('is nothing of a blocked album, and no blocked track; their artists may be', () => {
    const user = listenerOf.get('album blocker')!;
    const key = ({ artists, album }: NamedList['tracks'][number]) => `${artists[0]!} ${album}`;
    const blocked = new Set(
      before
        .get(user)!
        .tracks.filter(({ album }) => album)
        .map(key),
    );
    expect(blocked.size).toBeGreaterThan(20);
    expect(after.get(user)!.tracks.filter((track) => blocked.has(key(track)))).toEqual([]);
    expect(again('track blocker').tracks).toBe(0);
    expect(again('track blocker').artists).toBeGreaterThan(0);
  });

  test('is again what was blocked until before the week, and what a hate was taken back of', () => {
    expect(again('once a blocker').tracks).toBeGreaterThan(5);
    expect(again('forgiver').tracks).toBeGreaterThan(5);
  });

  test('is nothing that the listener put into a playlist or loved: they know it', () => {
    expect(again('keeper').tracks).toBe(0);
    expect(again('lover').tracks).toBe(0);
  });

  test('is what fits to love, saves and playlists alone', () => {
    for (const who of ['loves only', 'saves only', 'keeps only'] as const) {
      expect(personal(who)).toBeGreaterThan(10);
      const known = new Set(taste.map(({ trackId }) => trackId));
      expect(after.get(who)!.tracks.filter(({ trackId }) => known.has(trackId))).toEqual([]);
    }
  });

  test('is nothing for the sake of listens that were excluded, and nothing of them', () => {
    const known = new Set(taste.map(({ trackId }) => trackId));
    for (const who of ['plays', 'lifts'] as const) expect(personal(who)).toBeGreaterThan(10);
    for (const who of ['excludes a client', 'excludes a week'] as const) {
      expect(personal(who)).toBe(0);
      expect(after.get(who)!.tracks.filter(({ trackId }) => known.has(trackId))).toEqual([]);
    }
  });
});

test('the list goes to the zone of the newest profile', () => {
  const user = listenerOf.get('mover')!;
  expect(before.get(user)!.zone).not.toBe('Pacific/Auckland');
  expect(after.get(user)!.zone).toBe('Pacific/Auckland');
  expect(after.get('loves only')!.zone).toBe('Europe/Amsterdam');
  expect(after.get('saves only')!.zone).toBe('Etc/UTC');
});

test('between weeks a new day is prepared by itself, and what is there is left', async () => {
  const prepare = async () => {
    const { code, output, errors } = await mondaymix(['prepare', '--home', home, '--json']);
    if (code !== 0) throw new Error(errors);
    const { parts, made } = JSON.parse(output) as { parts: number; made: number };
    return { parts, made };
  };
  const { parts, made } = await prepare();
  expect(parts).toBeGreaterThan(3);
  expect(made).toBe(0); // the week has made them
  const listened_at = '2026-01-06 12:00:00';
  await writeLog(home, 2, {
    listens: [{ listened_at, listener: 'plays', artist: 'Mogwai', title: 'Cody' }],
  });
  expect((await prepare()).made).toBe(1);
  expect((await prepare()).made).toBe(0);
});
