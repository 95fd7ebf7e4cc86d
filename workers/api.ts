import { once } from 'node:events';
import { buildApi } from '../infra/http/server.ts';
import { openMetrics } from '../infra/metrics.ts';
import { openListCache } from '../infra/list-cache.ts';
import { openMongo } from '../infra/mongo.ts';
import { openNames } from '../infra/mongo/names.ts';
import { openPlaylistReader } from '../infra/mongo/reader.ts';
import { openNameCache } from '../infra/name-cache.ts';
import { picturesFolder } from '../infra/pictures/kept.ts';
import { openUploads } from '../infra/pictures/uploads.ts';
import { openImpatient, openRedis } from '../infra/redis.ts';
import { openTokens, tokenSecret } from '../infra/tokens.ts';
import { resolveRegion } from '../model/regions.ts';
import { openIntake } from './api-intake.ts';
import { openDelivery, type DeliveryOptions } from './delivery.ts';
import { eraseLater } from './erase-later.ts';
import { listsOf } from './open-delivery.ts';
import { proofFor } from './proof.ts';

/** `npx mondaymix api`: runs until the signal aborts, then finishes the requests it has begun. */
export async function runApi(
  options: DeliveryOptions,
  { host, port }: { host: string; port: number },
  signal: AbortSignal,
): Promise<void> {
  const { config, servers, archive, clock, log } = options;
  const mongo = await openMongo({ url: servers.mongodbUrl, database: config.namespace });
  const redis = await openRedis(servers.redisUrl);
  const impatient = await openImpatient(redis.client, log);
  const metrics = options.metrics ?? openMetrics();
  const delivery = await openDelivery({ ...options, metrics });
  delivery.startPublishing();
  const intake = openIntake(options, impatient);
  const names = openNameCache(openNames(mongo.db), { clock });
  const erasures = eraseLater({ ...options, signal });
  const api = await buildApi({
    playlists: openPlaylistReader(mongo.db, names),
    covers: delivery.covers,
    pictures: {
      uploads: openUploads({ db: mongo.db, home: config.home, clock }),
      folder: picturesFolder(config.home),
    },
    cache: openListCache(impatient, config.namespace),
    tokens: openTokens(await tokenSecret(config.home), clock),
    clock,
    ...proofFor(options, delivery),
    redeliver: async (region, week) => {
      const lists = await listsOf(archive, week);
      const existing = lists.zones.map(({ zone }) => zone);
      const zones = resolveRegion(region, existing, config.regionGroups);
      const orders = await delivery.orderAgain(lists, zones);
      return {
        week: lists.week,
        orders: orders.map(({ id, zone, listeners }) => ({ id, zone, listeners })),
      };
    },
    metrics,
    intake,
    erase: (listener) => erasures.erase(listener),
    checks: {
      mongodb: () => mongo.db.command({ ping: 1 }),
      redis: () => impatient.ping(),
    },
    log,
  });
  let requestsUnderWay = 0;
  api.addHook('onRequest', (_request, _reply, done) => {
    requestsUnderWay++;
    done();
  });
  api.addHook('onResponse', (_request, _reply, done) => {
    requestsUnderWay--;
    done();
  });
  const filling = names.fill(signal).catch((error: Error) => {
    log.warn({ error: error.message }, 'names: not at hand, looked up as they are asked for');
  });
  try {
    const address = await api.listen({ host, port });
    log.info(
      { address, document: `${address}/openapi.json` },
      'serving; "npx mondaymix token --user ID" or "--operations" prints a token',
    );
    delivery.startMakingCovers(() => requestsUnderWay === 0);
    if (!signal.aborted) await once(signal, 'abort');
    log.info({ requestsUnderWay }, 'stopping');
  } finally {
    await api.close();
    await erasures.dispose();
    await filling;
    await intake.dispose();
    await delivery.dispose();
    impatient.disconnect();
    await redis.dispose();
    await mongo.dispose();
  }
}
