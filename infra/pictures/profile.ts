import { openFetched, type FetchingOptions } from './fetched.ts';
import type { PictureProvider } from './provider.ts';

/** What a listener's profile says. */
export interface ProfilePicture {
  readonly url: string;
  /** Milliseconds since 1970. */
  readonly givenAt: number;
}

export interface ProfileOptions extends FetchingOptions {
  /** From the listener's profile; undefined where it names no picture. */
  readonly pictureUrlOf: (user: string) => Promise<ProfilePicture | undefined>;
  /** A host (with port) that may lie inside our network and be asked without TLS. Default: none. */
  readonly trustedHost?: string | undefined;
}

/**
 * Pictures whose addresses listeners gave themselves: only over HTTPS, and only from hosts that are
 * public, wherever names and redirects lead.
 */
export function profilePictures(name: string, options: ProfileOptions): PictureProvider {
  const { pictureUrlOf, trustedHost } = options;
  return openFetched(
    name,
    async (user) => {
      const given = await pictureUrlOf(user);
      if (given === undefined) return undefined;
      const { url, givenAt } = given;
      return { url, givenAt, isVariable: true, policy: { trustedHost, isStrict: true } };
    },
    options,
  );
}
