import { artistKey, titleKeys, twoScripts, type Credits } from '../model/matching.ts';
import type { SqlValue } from './ports.ts';

/** What `nameRow` gives, without the index in front. */
export const nameColumns = { lead: 'VARCHAR', artist_key: 'VARCHAR', other_key: 'VARCHAR' };

/** What `spellingRow` gives, without the index in front. */
export const spellingColumns = {
  ...nameColumns,
  featured: 'VARCHAR[]',
  shown: 'VARCHAR',
  track_key: 'VARCHAR',
  work_key: 'VARCHAR',
  stripped: 'INTEGER',
};

type Row = (SqlValue | readonly string[])[];

/** The keys of an artist's name. */
export function nameRow({ lead }: Pick<Credits, 'lead'>): Row {
  return [lead, artistKey(lead), twoScripts(lead)?.other ?? null];
}

/** The keys of a pair of artist and title. */
export function spellingRow({ lead, featured, title: shown }: Credits): Row {
  const { track, work, stripped } = titleKeys(shown);
  return [...nameRow({ lead }), featured, shown, track, work, stripped];
}
