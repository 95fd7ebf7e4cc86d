import { openDuckdb } from '../../../infra/duckdb.ts';
import { openMongo } from '../../../infra/mongo.ts';
import { openNames } from '../../../infra/mongo/names.ts';
import { openPlaylistReader } from '../../../infra/mongo/reader.ts';
import { openNameCache } from '../../../infra/name-cache.ts';
import type { StoredArtifact } from '../../../pipelines/runner.ts';
import { createViews } from '../../../pipelines/views.ts';
import type { Delivery } from '../../../workers/delivery.ts';
import { worldWeek, type World } from '../world/world.ts';

/** What was found when the stored lists were looked at; the zeros are what must be. */
export interface CheckReport {
  /** Lists in MongoDB, and listeners who have one. */
  readonly stored: number;
  readonly listenersStored: number;
  /** Listeners of the world without exactly one list. */
  readonly withoutOne: number;
  /** Lists delivered, as the ledger says; batches that it says are delivered and are not. */
  readonly inLedger: number;
  readonly untrueBatches: number;
  /** Lists that were looked at in detail. */
  readonly sample: number;
  /** Of these, with other than 30 tracks, or an artist twice. */
  readonly malformed: number;
  /** Tracks on them that the listener has heard in some version, or was listed in eight weeks. */
  readonly heardAgain: number;
  readonly listedAgain: number;
  /** Different sources on a list, mean. */
  readonly sourcesPerList: number;
  /** BSON of a stored list, mean. */
  readonly bytesInMongodb: number;
}

const sampled = 2000;
const endOfTime = Date.UTC(2100, 0, 1);

/** Looks at what the delivery left in MongoDB. */
export async function checkDelivered(
  delivery: Delivery,
  mongodb: { url: string; database: string },
  world: World,
  lists: StoredArtifact,
): Promise<CheckReport> {
  const sql = await openDuckdb({ threads: 2, memoryMb: 2048 });
  const mongo = await openMongo(mongodb);
  const { db } = mongo;
  try {
    await createViews(sql, { ...world.inputs, lists });
    const stored = new Map<string, number>();
    const ids = db.collection<{ _id: string; user: string }>('playlists');
    for await (const { user } of ids.find({ week: worldWeek }, { projection: { user: 1 } })) {
      stored.set(user, (stored.get(user) ?? 0) + 1);
    }
    let withoutOne = 0;
    const users: string[] = [];
    const every = Math.max(1, Math.floor(world.options.users / sampled));
    for await (const rows of sql.stream<{ listener: string; listener_ix: number }>(
      'SELECT listener, listener_ix FROM catalogue.listeners ORDER BY listener_ix',
    )) {
      for (const { listener, listener_ix } of rows) {
        if (stored.get(listener) !== 1) withoutOne++;
        if (listener_ix % every === 0 && users.length < sampled) users.push(listener);
      }
    }

    const reader = openPlaylistReader(
      db,
      openNameCache(openNames(db), { clock: () => Date.now() }),
    );
    const tracks: { listener: string; track_id: string }[] = [];
    let malformed = 0;
    let sources = 0;
    let bytes = 0;
    for (const user of users) {
      const list = await reader.ofWeek(user, worldWeek, endOfTime);
      if (list === undefined) continue;
      const artists = new Set(list.tracks.map(({ artistId }) => artistId));
      if (list.tracks.length !== 30 || artists.size !== 30) malformed++;
      sources += new Set(list.tracks.map(({ source }) => source)).size;
      for (const { trackId } of list.tracks) tracks.push({ listener: user, track_id: trackId });
    }
    const raw = db.collection('playlists').find({ week: worldWeek }, { raw: true }).limit(500);
    const documents = (await raw.toArray()) as unknown as Buffer[];
    for (const document of documents) bytes += document.length;

    await sql.run('CREATE TEMP TABLE seen (listener VARCHAR, track_id VARCHAR)');
    await sql.append(
      'seen',
      tracks.map(({ listener, track_id }) => [listener, track_id]),
    );
    await sql.run(
      `CREATE TEMP TABLE seen_works AS
       SELECT listener, listener_ix, work_ix FROM seen
       JOIN catalogue.listeners USING (listener) JOIN catalogue.tracks USING (track_id)`,
    );
    const count = async (query: string): Promise<number> =>
      (await sql.rows<{ count: number }>(`SELECT count(*) AS count FROM ${query}`))[0]!.count;
    const heardAgain = await count(
      'seen_works SEMI JOIN snapshot.heard USING (listener_ix, work_ix)',
    );
    let listedAgain = 0;
    for (let n = 0; n < world.options.previousWeeks; n++) {
      listedAgain += await count(
        `seen_works SEMI JOIN (
           SELECT listener, work_ix FROM "previous-${n}".listed JOIN catalogue.tracks USING (track_id)
           WHERE listener IN (SELECT listener FROM seen)
         ) USING (listener, work_ix)`,
      );
    }
    const counts = [...(await delivery.ledger.counts(worldWeek)).values()];
    const { repaired } = await delivery.reconcile(worldWeek);
    return {
      stored: [...stored.values()].reduce((sum, lists) => sum + lists, 0),
      listenersStored: stored.size,
      withoutOne,
      inLedger: counts.reduce((sum, { delivered }) => sum + delivered, 0),
      untrueBatches: repaired,
      sample: users.length,
      malformed,
      heardAgain,
      listedAgain,
      sourcesPerList: sources / Math.max(1, users.length),
      bytesInMongodb: bytes / Math.max(1, documents.length),
    };
  } finally {
    await mongo.dispose();
    sql.dispose();
  }
}

/** What is not as it must be; empty where all is well. */
export function brokenPromises(checks: CheckReport, users: number): string[] {
  const broken: string[] = [];
  const must = (name: string, got: number, expected: number) => {
    if (got !== expected) broken.push(`${name}: expected ${expected}, got ${got}`);
  };
  must('lists in MongoDB', checks.stored, users);
  must('listeners without exactly one list', checks.withoutOne, 0);
  must('lists delivered, by the ledger', checks.inLedger, users);
  must('batches that the ledger is wrong about', checks.untrueBatches, 0);
  must('malformed lists', checks.malformed, 0);
  must('heard works on lists', checks.heardAgain, 0);
  must('works of the last eight lists on lists', checks.listedAgain, 0);
  return broken;
}
