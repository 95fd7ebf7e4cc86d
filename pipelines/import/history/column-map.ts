import { Mistake } from '../../../model/mistake.ts';

/** What a column of a file of one's own may be taken for; the first three must be said. */
export const mappedColumns = [
  'listened_at',
  'artist',
  'title',
  'album',
  'played_ms',
  'client',
] as const;
export type MappedColumn = (typeof mappedColumns)[number];

/** Column of ours -> column of the file; a path with dots where the rows are JSON. */
export type ColumnMap = Readonly<
  Partial<Record<MappedColumn, string>> & Record<'listened_at' | 'artist' | 'title', string>
>;

/**
 * `listened_at=ts,artist=artist_name,title=track`. Spaces around names do not matter; a name may
 * hold everything but `,` and `"`.
 *
 * @throws Mistake `USAGE`
 */
export function parseColumnMap(text: string): ColumnMap {
  const map: Partial<Record<MappedColumn, string>> = {};
  for (const pair of text.split(',')) {
    const [ours = '', ...rest] = pair.split('=');
    const column = mappedColumns.find((known) => known === ours.trim());
    const theirs = rest.join('=').trim();
    if (column === undefined || theirs === '' || theirs.includes('"')) {
      throw new Mistake(
        'USAGE',
        `expected pairs such as listened_at=ts with ${mappedColumns.join(', ')}, got "${pair}"`,
      );
    }
    if (map[column] !== undefined) {
      throw new Mistake('USAGE', `expected ${column} once, got it twice`);
    }
    map[column] = theirs;
  }
  for (const needed of ['listened_at', 'artist', 'title'] as const) {
    if (map[needed] === undefined) {
      throw new Mistake('USAGE', `expected ${needed}=..., got "${text}"`);
    }
  }
  return map as ColumnMap;
}
