import { join } from 'node:path';
import type { TasteMixture } from '../../model/simulation/taste-share.ts';
import type { Sql } from '../ports.ts';

/** The planted tastes of a simulation, for judging lists: weights by the name of the taste. */
export interface PlantedTruth {
  /** By listener id, as in `listens.csv`. */
  readonly listeners: ReadonlyMap<string, TasteMixture>;
  /** By the artist's name, as in `recordings.csv`. */
  readonly artists: ReadonlyMap<string, TasteMixture>;
}

/** A first play of the week to make. */
export interface FirstPlay {
  readonly listener: string;
  readonly recording_id: string;
  readonly artist: string;
  readonly title: string;
}

/** @param folder - of the simulation; the truth lies under `truth/` */
export async function readTruth(sql: Sql, folder: string): Promise<PlantedTruth> {
  return {
    listeners: await readMixtures(sql, folder, 'listener'),
    artists: await readMixtures(sql, folder, 'artist'),
  };
}

/** What the listeners played for the first time in the week to make, ordered by listener and time. */
export async function readFirstPlays(sql: Sql, folder: string): Promise<FirstPlay[]> {
  return sql.rows<FirstPlay>(
    `SELECT listener, recording_id, artist, title
     FROM read_csv($path, header = true, all_varchar = true, quote = '"', escape = '"', delim = ',')
     ORDER BY listener, listened_at`,
    { path: join(folder, 'truth', 'next-week.csv') },
  );
}

async function readMixtures(
  sql: Sql,
  folder: string,
  subject: 'listener' | 'artist',
): Promise<Map<string, Map<string, number>>> {
  const rows = await sql.rows<{ subject: string; taste: string; weight: number }>(
    `SELECT ${subject} AS subject, taste, weight::DOUBLE AS weight
     FROM read_csv($path, header = true, all_varchar = true, quote = '"', escape = '"', delim = ',')
     ORDER BY subject, taste`,
    { path: join(folder, 'truth', `${subject}_tastes.csv`) },
  );
  const mixtures = new Map<string, Map<string, number>>();
  for (const row of rows) {
    const mixture = mixtures.get(row.subject) ?? new Map<string, number>();
    mixtures.set(row.subject, mixture.set(row.taste, row.weight));
  }
  return mixtures;
}
