import type { Pictures } from '../pipelines/delivery/ports.ts';
import type { PictureProvider } from './pictures/provider.ts';

/** Without a source of pictures all covers are generated. */
export const noPictures: Pictures = { newest: () => Promise.resolve(undefined) };

/**
 * The newest of the pictures that the providers have of a listener. All are asked at once; of
 * pictures equally new that of the provider named first wins.
 */
export function openPictures(providers: readonly PictureProvider[]): Pictures {
  if (providers.length === 0) return noPictures;
  return {
    async newest(user, signal) {
      const found = await Promise.all(providers.map((provider) => provider.newest(user, signal)));
      let newest: (typeof found)[number];
      for (const picture of found) {
        if (picture !== undefined && (newest === undefined || picture.since > newest.since)) {
          newest = picture;
        }
      }
      return newest?.hash;
    },
  };
}
