import type { Db } from 'mongodb';
import type { Redis } from 'ioredis';
import type { Pictures } from '../../pipelines/delivery/ports.ts';
import type { Clock, Log } from '../../pipelines/ports.ts';
import type { Config } from '../config.ts';
import { openPictures } from '../pictures.ts';
import { picturesFolder } from './kept.ts';
import { lookupPictures } from './lookup.ts';
import { redisPictureMemory } from './memory.ts';
import { profilePictures, type ProfileOptions } from './profile.ts';
import type { PictureProvider } from './provider.ts';
import { templatePictures } from './template.ts';
import { openUploads } from './uploads.ts';

export interface ConfiguredOptions {
  readonly config: Pick<Config, 'home' | 'namespace' | 'pictureUrl' | 'pictureLookup'>;
  readonly db: Db;
  readonly redis: Redis;
  readonly clock: Clock;
  readonly log: Log;
  /** What listeners' profiles say. Default: nothing. */
  readonly pictureUrlOf?: ProfileOptions['pictureUrlOf'];
}

/**
 * The providers that are always there (what listeners upload, what their profiles name) and those
 * that are configured, in the order in which equally new pictures win.
 */
export function openConfiguredPictures(options: ConfiguredOptions): Pictures {
  const { config, db, redis, clock, log, pictureUrlOf } = options;
  const { home, namespace, pictureUrl, pictureLookup } = config;
  const fetching = (provider?: string) => ({
    folder: picturesFolder(home),
    memory: redisPictureMemory(redis, namespace, provider),
    clock,
    log,
  });
  const providers: PictureProvider[] = [openUploads({ db, home, clock })];
  if (pictureUrlOf !== undefined) {
    providers.push(profilePictures('profile', { ...fetching('profile'), pictureUrlOf }));
  }
  if (pictureLookup !== undefined) {
    providers.push(lookupPictures('lookup', { ...fetching('lookup'), ...pictureLookup }));
  }
  if (pictureUrl !== undefined) {
    providers.push(templatePictures('template', { ...fetching(), url: pictureUrl }));
  }
  return openPictures(providers);
}
