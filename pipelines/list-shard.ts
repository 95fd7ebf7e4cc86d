import { access, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { bsonDocument, documentAt, parseDocument } from './bson-file.ts';
import type { ChosenList } from '../model/assembly/list-chooser.ts';
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

/** Who a list is for, and what is on it. */
export interface ListOf {
  readonly user: string;
  /** IANA name. */
  readonly zone: string;
  readonly chosen: ChosenList;
}

/** @param lists - whole ones, in the order in which they are written */
export function listShard(lists: readonly ListOf[], encoder: ListEncoder): ListShard {
  const zones: string[] = [];
  const documents: Uint8Array[] = [];
  const zoneOf = lists.map(({ user, zone, chosen }) => {
    const weekly: WeeklyList = { user, ...encoder.encode(chosen) };
    documents.push(bsonDocument(weekly));
    const known = zones.indexOf(zone);
    return known === -1 ? zones.push(zone) - 1 : known;
  });
  const counts = countLists(lists.map(({ chosen }) => chosen));
  return { bytes: Buffer.concat(documents), about: { counts, zones, zoneOf } };
}

/** A shard on disk. */
export interface StoredShard {
  /** Of its lists. */
  readonly file: string;
  readonly about: ShardContents;
}

/** The shards of a folder: who makes one writes it whole or not at all. */
export class ShardFiles {
  readonly #folder: string;

  /** @param folder - must be there */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Numbers of those that are there. */
  async made(): Promise<Set<number>> {
    const files = await readdir(this.#folder);
    return new Set(
      files.filter((file) => file.endsWith('.bson')).map((file) => Number(file.slice(0, -5))),
    );
  }

  async has(shard: number): Promise<boolean> {
    return access(this.#fileOf(shard)).then(
      () => true,
      () => false,
    );
  }

  /** Two may write the same one at the same time: their bytes are the same. */
  async write(shard: number, { bytes, about }: ListShard): Promise<void> {
    const file = this.#fileOf(shard);
    await writeFileAtomic(file.replace(/bson$/, 'json'), JSON.stringify(about));
    // The shard counts from here on.
    await writeFileAtomic(file, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  }

  async read(shard: number): Promise<StoredShard> {
    const file = this.#fileOf(shard);
    const about = await readFile(file.replace(/bson$/, 'json'), 'utf8');
    return { file, about: JSON.parse(about) as ShardContents };
  }

  #fileOf(shard: number): string {
    return join(this.#folder, `${String(shard).padStart(6, '0')}.bson`);
  }
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
