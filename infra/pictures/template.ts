import { createHash } from 'node:crypto';
import { openFetched, type FetchingOptions } from './fetched.ts';
import type { PictureProvider } from './provider.ts';

export interface TemplateOptions extends FetchingOptions {
  /**
   * An address with `{user}`, the listener's id URL-encoded, or, for a service like Gravatar,
   * `{sha256}` or `{md5}`: the hash of the identity, trimmed and in lower case, in hexadecimal.
   */
  readonly url: string;
  /** What is hashed: an e-mail address, as such services have it. Default: the listener's id. */
  readonly identityOf?: (user: string) => Promise<string | undefined>;
}

/**
 * Pictures at addresses that follow from the listener: `https://pictures.example/{user}`,
 * `https://gravatar.com/avatar/{sha256}?s=640&d=404`. The host may lie inside our network.
 */
export function templatePictures(name: string, options: TemplateOptions): PictureProvider {
  const { url: template, identityOf = (user) => Promise.resolve(user) } = options;
  const isHashed = /\{(sha256|md5)\}/.test(template);
  return openFetched(
    name,
    async (user) => {
      const identity = isHashed ? await identityOf(user) : user;
      if (identity === undefined) return undefined;
      const hashed = (algorithm: string) =>
        createHash(algorithm).update(identity.trim().toLowerCase()).digest('hex');
      const url = template.replace(/\{(user|sha256|md5)\}/g, (_, what: string) =>
        what === 'user' ? encodeURIComponent(user) : hashed(what),
      );
      return { url, policy: { trustedHost: hostOf(url) } };
    },
    options,
  );
}

/** Host with port; undefined for what is no address. */
export function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
