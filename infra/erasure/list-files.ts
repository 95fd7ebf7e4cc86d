import { createReadStream, createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { bsonDocument, readBsonFile } from '../../pipelines/bson-file.ts';
import { erasedList } from '../../pipelines/delivery/erased.ts';
import { weeklyList } from '../../pipelines/lists.ts';
import { listsManifest, makeListsAgain, readListsManifest } from '../../pipelines/make-lists.ts';
import type { Sql } from '../../pipelines/ports.ts';
import { quoted } from '../../pipelines/sql.ts';
import { mendManifest } from './mend-manifest.ts';
import { replaceRows } from './replace-rows.ts';

/**
 * Takes a listener out of an artifact of the stage `lists`: an empty list stands where theirs was,
 * all other bytes stay, and so does the artifact's fingerprint. Each file is replaced by a rename,
 * and the manifest last: after a kill it is the manifest that does not match, and doing it again
 * mends that.
 *
 * @returns lists and rows that were taken out
 */
export async function eraseFromLists(folder: string, user: string, sql: Sql): Promise<number> {
  let removed = 0;
  const changed = new Set<string>();
  const { zones } = await readListsManifest(join(folder, listsManifest));
  for (const { file } of zones) {
    const found = await eraseFromZone(join(folder, file), user);
    removed += found;
    if (found > 0) changed.add(file);
  }
  const listed = 'listed.parquet';
  const rows = await eraseFromListed(join(folder, listed), user, sql);
  removed += rows;
  if (rows > 0) changed.add(listed);
  await mendManifest(folder, changed, (path) => path.startsWith('zones/') || path === listed);
  return removed;
}

async function eraseFromZone(path: string, user: string): Promise<number> {
  let found = 0;
  for await (const list of readBsonFile(path, weeklyList, makeListsAgain)) {
    if (list.user === user) found++;
  }
  if (found === 0) return 0;
  const scratch = `${path}.erasing`;
  // Documents that stay are copied as they are.
  await pipeline(withoutList(path, user), createWriteStream(scratch));
  await rename(scratch, path);
  return found;
}

async function* withoutList(path: string, user: string): AsyncGenerator<Uint8Array> {
  const needle = Buffer.from(user);
  const gone = bsonDocument(erasedList);
  for await (const document of documentsOf(path)) {
    const isTheirs = document.includes(needle) && userOf(document) === user;
    yield isTheirs ? gone : document;
  }
}

/** Documents as they lie in the file. */
async function* documentsOf(path: string): AsyncGenerator<Buffer> {
  let kept: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    let at = 0;
    while (kept.length - at >= 4 && kept.length - at >= kept.readInt32LE(at)) {
      const size = kept.readInt32LE(at);
      yield kept.subarray(at, at + size);
      at += size;
    }
    kept = kept.subarray(at);
  }
}

/** The field `user`, which `WeeklyList`s begin with. */
function userOf(document: Buffer): string | undefined {
  const name = Buffer.from('\u0002user\0');
  if (!document.subarray(4, 4 + name.length).equals(name)) return undefined;
  const at = 4 + name.length;
  const length = document.readInt32LE(at);
  return document.subarray(at + 4, at + 4 + length - 1).toString();
}

async function eraseFromListed(path: string, listener: string, sql: Sql): Promise<number> {
  const [counted] = await sql.rows<{ rows: number }>(
    `SELECT count(*) AS rows FROM read_parquet(${quoted(path)}) WHERE listener = $listener`,
    { listener },
  );
  if (counted!.rows === 0) return 0;
  await replaceRows(sql, path, { where: `listener <> ${quoted(listener)}` });
  return counted!.rows;
}
