import { join } from 'node:path';
import type { Config } from '../infra/config.ts';
import { bothStores } from '../infra/models/both-stores.ts';
import { logForPeople } from '../infra/log.ts';
import { cachedFiles, sendUnsent } from '../infra/models/cached-files.ts';
import { openFolderFiles } from '../infra/models/folder-files.ts';
import { openFolderStore } from '../infra/models/folder-store.ts';
import { openS3Files } from '../infra/models/s3-files.ts';
import { openMongo, type Mongo } from '../infra/mongo.ts';
import { openMongoModels } from '../infra/mongo/models.ts';
import { mongodb } from '../infra/servers/mongodb.ts';
import { findRunning } from '../infra/servers/private.ts';
import type { ModelFiles, ModelStore } from '../pipelines/models.ts';
import type { Clock, Log } from '../pipelines/ports.ts';
import { Registry } from '../pipelines/registry.ts';

/**
 * MongoDB where it is at hand: the one that is configured, or the one that runs for this home.
 * Nothing is started.
 */
export async function mongodbAtHand({ mongodbUrl, home }: Config): Promise<string | undefined> {
  return mongodbUrl ?? (await findRunning(home, mongodb))?.url;
}

export interface OpenRegistry {
  readonly registry: Registry;
  /** Where the files of models are in this home, once they are: `<folder>/<version>/`. */
  readonly folder: string;
  readonly dispose: () => Promise<void>;
}

/**
 * The registry of a home: records in the home, and in MongoDB too where there is one; files in the
 * home, and in a store that speaks S3 too where one is configured; what could not be sent to it
 * before is sent first.
 *
 * @param mongodbUrl - undefined: without servers
 */
export async function openRegistry(
  config: Config,
  clock: Clock,
  mongodbUrl: string | undefined,
  log: Log = logForPeople(config.logLevel),
): Promise<OpenRegistry> {
  const folder = join(config.home, 'models');
  const own = openFolderStore(join(folder, 'registry'));
  const near = openFolderFiles(folder);
  let files: ModelFiles = near;
  if (config.models !== undefined) {
    const far = openS3Files(config.models);
    await sendUnsent(far, near, log);
    files = cachedFiles(far, near, log);
  }
  let mongo: Mongo | undefined;
  let store: ModelStore = own;
  if (mongodbUrl !== undefined) {
    mongo = await openMongo({ url: mongodbUrl, database: config.namespace });
    try {
      store = await bothStores(await openMongoModels(mongo.db), own);
    } catch (error) {
      await mongo.dispose();
      throw error;
    }
  }
  return {
    registry: new Registry(store, files, clock),
    folder,
    dispose: () => mongo?.dispose() ?? Promise.resolve(),
  };
}
