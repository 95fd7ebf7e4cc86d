import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { bsonDocument, documentAt, parseDocument } from './bson-file.ts';
import type { Chosen } from './chosen.ts';
import { countLists, type ListCounts } from './list-counts.ts';
import type { ListEncoder } from './list-encoder.ts';
import { weeklyList, type WeeklyList } from './lists.ts';
import type { Sql } from './ports.ts';

/** Who the listeners are, by index; empty for those unknown at the cut-off. */
export interface ListenerTable {
  readonly user: readonly string[];
  /** IANA name. */
  readonly zone: readonly string[];
}

/** Reads `catalogue.listeners` and `snapshot.listeners`. */
export async function readListeners(sql: Sql): Promise<ListenerTable> {
  const user: string[] = [];
  const zone: string[] = [];
  const rows = sql.stream<{ user: string; zone: string }>(
    `SELECT listener AS user, coalesce(zone, '') AS zone
     FROM catalogue.listeners LEFT JOIN snapshot.listeners USING (listener_ix)
     ORDER BY listener_ix`,
  );
  for await (const chunk of rows) {
    for (const row of chunk) {
      user.push(row.user);
      zone.push(row.zone);
    }
  }
  return { user, zone };
}

/** The lists of some listeners, before they are parted by zone. */
export interface ListShard {
  /** `WeeklyList`s as BSON, one after the other. */
  readonly bytes: Uint8Array;
  readonly about: ShardContents;
}

export interface ShardContents {
  readonly counts: ListCounts;
  readonly zones: readonly string[];
  /** For each list an index into `zones`. */
  readonly zoneOf: readonly number[];
}

/** @param chosen - whole lists, in the order of the listeners */
export function listShard(
  chosen: readonly Chosen[],
  encoder: ListEncoder,
  listeners: ListenerTable,
): ListShard {
  const zones: string[] = [];
  const documents: Uint8Array[] = [];
  const zoneOf = chosen.map((list) => {
    const weekly: WeeklyList = { user: listeners.user[list.listener]!, ...encoder.encode(list) };
    documents.push(bsonDocument(weekly));
    const zone = listeners.zone[list.listener]!;
    const known = zones.indexOf(zone);
    return known === -1 ? zones.push(zone) - 1 : known;
  });
  return { bytes: Buffer.concat(documents), about: { counts: countLists(chosen), zones, zoneOf } };
}

/** A shard on disk. */
export interface StoredShard {
  /** Of its lists. */
  readonly file: string;
  readonly about: ShardContents;
}

/**
 * The shard that a run left, or a new one.
 *
 * @param path - without the endings of its two files
 */
export async function storedShard(path: string, make: () => ListShard): Promise<StoredShard> {
  const file = `${path}.bson`;
  if (!(await exists(file))) {
    const { bytes, about } = make();
    await writeFile(`${path}.json`, JSON.stringify(about));
    await writeFile(`${file}.partial`, bytes);
    await rename(`${file}.partial`, file); // the shard counts from here on
  }
  return { file, about: JSON.parse(await readFile(`${path}.json`, 'utf8')) as ShardContents };
}

/** The lists of a shard in their order, as they are written and as they are read. */
export async function readShard({
  file,
  about: { zones, zoneOf },
}: StoredShard): Promise<{ zone: string; document: Uint8Array; list: WeeklyList }[]> {
  const bytes = await readFile(file);
  let at = 0;
  return zoneOf.map((zone) => {
    const document = documentAt(bytes, at);
    if (document === undefined) throw new RangeError(`${file}: expected ${zoneOf.length} lists`);
    at += document.length;
    return { zone: zones[zone]!, document, list: parseDocument(document, weeklyList) };
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
