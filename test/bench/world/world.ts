import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { openDuckdb } from '../../../infra/duckdb.ts';
import type { Sql } from '../../../pipelines/ports.ts';
import { readSql } from '../../../pipelines/sql.ts';
import type { Source } from '../../../pipelines/step.ts';

import { catalogueTables } from '../../../pipelines/tables.ts';
import { saveParquet, selectColumns } from '../../../pipelines/views.ts';
import { writeFactors } from './factors.ts';
import { fillStructure, numTastesOf } from './structure.ts';

export const worldOptions = z.strictObject({
  /** 1 to 100 million. */
  users: z.int().min(1).max(100_000_000),
  /** 100 to 40 million; one artist for ten. */
  tracks: z.int().min(100).max(40_000_000),
  /** Weeks before with lists, 0 to 8. Default 8. */
  previousWeeks: z.int().min(0).max(8).default(8),
  seed: z.int().nonnegative().default(1),
});
export type WorldOptions = z.infer<typeof worldOptions>;

/** The week whose lists are made in every world. */
export const worldWeek = '2026-W03';
/** Its Monday 00:00 UTC. */
export const worldCutoff = '2026-01-12T00:00:00Z';

/** How far the making is: `done` of `total` steps of the part that is under way. */
export type WorldProgress = (what: string, done: number, total: number) => void;

export interface World {
  readonly options: WorldOptions;
  readonly fingerprint: string;
  /** Inputs of the stage `lists` by name, without `gate`: whoever runs it brings a ranker. */
  readonly inputs: Readonly<Record<string, Source>>;
  /** Whether it was found as made before. */
  readonly reused: boolean;
}

/** Listeners whose plays are drawn at a time: bounds memory. */
const usersAtOnce = 100_000;
const memoryMb = 2048;

/**
 * A simulated world as the stages before `lists` would leave it: planted tastes of unequal size,
 * artists in scenes, Zipf's popularity, listeners with a median of 25 plays, factors, neighbours,
 * texts and the lists of the weeks before, all consistent with one another. The same options give
 * the same bytes; DuckDB draws everything from hashes of ids.
 *
 * What no list is made from (the catalogue's `memberships`, the vectors of the embedding) is absent.
 *
 * @param folder - worlds are kept here under their fingerprints
 */
export async function makeWorld(
  options: WorldOptions,
  folder: string,
  progress: WorldProgress = () => undefined,
): Promise<World> {
  const fingerprint = fingerprintOf(options);
  const home = join(folder, fingerprint);
  const reused = await access(home).then(
    () => true,
    () => false,
  );
  if (!reused) {
    const building = join(folder, `.${fingerprint}`);
    await rm(building, { recursive: true, force: true });
    await mkdir(building, { recursive: true });
    const sql = await openDuckdb({ threads: 2, memoryMb, spillTo: join(building, 'spill') });
    try {
      await write(sql, building, options, progress);
    } finally {
      sql.dispose();
    }
    await rm(join(building, 'spill'), { recursive: true, force: true });
    await writeFile(join(building, 'world.json'), JSON.stringify({ fingerprint, ...options }));
    await rename(building, home); // whole or not at all
  }
  const names = ['catalogue', 'snapshot', 'factors', 'embedding', 'text'];
  for (let n = 0; n < options.previousWeeks; n++) names.push(`previous-${n}`);
  const inputs = names.map((name) => [name, sourceIn(home, name, fingerprint)] as const);
  return { options, fingerprint, inputs: Object.fromEntries(inputs), reused };
}

function fingerprintOf(options: WorldOptions): string {
  const hash = createHash('sha256').update(JSON.stringify(worldOptions.parse(options)));
  for (const file of readdirSync(import.meta.dirname).sort()) {
    hash.update(file).update(readFileSync(join(import.meta.dirname, file)));
  }
  return `world-${options.users}-${options.tracks}-${hash.digest('hex').slice(0, 12)}`;
}

function sourceIn(home: string, name: string, fingerprint: string): Source {
  const folder = join(home, name);
  const tables = readdirSync(folder)
    .filter((file) => file.endsWith('.parquet'))
    .sort()
    .map((file) => ({ name: basename(file, '.parquet'), file: join(folder, file) }));
  return { fingerprint: `${fingerprint}-${name}`, folder, tables };
}

async function write(
  sql: Sql,
  home: string,
  options: WorldOptions,
  progress: WorldProgress,
): Promise<void> {
  const { users, tracks, previousWeeks, seed } = options;
  const artists = Math.max(1, Math.round(tracks / 10));
  const cutoff = worldCutoff.replace('Z', '');
  const run = (file: string) => sql.run(readSql(import.meta.url, file));
  const set = (name: string, value: string | number) =>
    sql.run(`SET VARIABLE ${name} = ${typeof value === 'number' ? value : `'${value}'`}`);
  const save = async (stage: string, name: string, relation: string) => {
    await mkdir(join(home, stage), { recursive: true });
    return saveParquet(sql, join(home, stage, `${name}.parquet`), relation);
  };
  const all = 9 + previousWeeks;
  let part = 0;
  const begin = (what: string) => progress(what, part++, all);

  begin('artists and tracks');
  await set('seed', seed);
  await set('users', users);
  await set('tracks', tracks);
  await set('artists', artists);
  await set('track_step', coprimeStep(tracks));
  await set('cutoff', cutoff);
  await run('macros.sql');
  await fillStructure(sql, numTastesOf(artists));
  await run('artists.sql');
  const [{ works }] = (await sql.rows<{ works: number }>(
    'SELECT max(work) + 1 AS works FROM tracks',
  )) as [{ works: number }];
  await set('works', works);
  await set('work_step', coprimeStep(works));
  await run('catalogue.sql');
  for (const name of ['artists', 'listeners', 'tracks'] as const) {
    await save('catalogue', name, `catalogue_${name}`);
  }
  const noSkips = selectColumns(catalogueTables.skipped_listens, []);
  await save('catalogue', 'skipped_listens', `(${noSkips})`);

  begin('listeners');
  await run('listeners.sql');
  const parts = join(home, 'parts');
  const partTables = ['interactions', 'artist_interactions', 'heard', 'listeners', 'listens'];
  for (const name of partTables) await mkdir(join(parts, name), { recursive: true });
  let chunk = 0;
  for (let first = 0; first < users; first += usersAtOnce) {
    progress('plays', first, users);
    await set('first', first);
    await set('last', first + usersAtOnce - 1);
    await run('plays.sql');
    const file = `${String(chunk++).padStart(6, '0')}.parquet`;
    for (const name of partTables) await saveParquet(sql, join(parts, name, file), name);
  }
  const together = (name: string) => `(FROM read_parquet('${parts}/${name}/*.parquet'))`;
  begin('interactions');
  for (const name of partTables) {
    await save(name === 'listens' ? 'catalogue' : 'snapshot', name, together(name));
  }
  await rm(parts, { recursive: true });
  await sql.run(
    `DROP TABLE plays; DROP TABLE visits; DROP TABLE led; DROP TABLE planned; DROP TABLE interactions; DROP TABLE heard;
     DROP TABLE artist_interactions;
     CREATE VIEW all_interactions AS FROM read_parquet('${home}/snapshot/interactions.parquet');
     CREATE VIEW all_artist_interactions AS
       FROM read_parquet('${home}/snapshot/artist_interactions.parquet')`,
  );

  begin('popularity');
  await run('popularity.sql');
  for (const name of ['track_popularity', 'place_popularity', 'eligible', 'artist_tracks']) {
    await save('snapshot', name, name);
  }
  await sql.run('DROP TABLE votes; DROP TABLE place_popularity; DROP TABLE catalogue_tracks');

  begin('factors');
  await writeFactors(sql, join(home, 'factors'), { numUsers: users, seed }, (done, total) =>
    progress('factors of listeners', done, total),
  );

  begin('neighbours');
  await run('neighbours.sql');
  for (const [name, which] of [
    ['track_neighbours', 'n < 40'],
    ['playlist_neighbours', 'n < 25 OR n >= 40'],
  ] as const) {
    await save(
      'embedding',
      name,
      `(SELECT track_ix, neighbour_ix, similarity FROM neighbours WHERE (${which})
        ORDER BY track_ix, similarity DESC, neighbour_ix)`,
    );
  }

  begin('texts');
  await run('text.sql');
  for (const name of ['artist_terms', 'artist_neighbours', 'album_terms', 'playlist_moods']) {
    await save('text', name, name);
  }

  await run('previous.sql');
  for (let n = 0; n < previousWeeks; n++) {
    begin(`lists of ${n + 1} weeks ago`);
    await set('weeks_ago', n + 1);
    await save(
      `previous-${n}`,
      'listed',
      `(SELECT listener_id(listener_ix) AS listener, track_id(track_ix) AS track_id,
               n + 1 AS position
        FROM (FROM listed ORDER BY listener_ix, n))`,
    );
  }
  progress('done', all, all);
}

/** A number below `size` and near its golden section that shares no divisor with it. */
export function coprimeStep(size: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let step = Math.max(1, Math.floor(size * 0.618));
  while (divisor(step, size) !== 1) step++;
  return step;
}
