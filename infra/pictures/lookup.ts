import type { PictureMark, Wanted } from './fetch.ts';
import { openFetched, type FetchingOptions } from './fetched.ts';
import type { PictureProvider } from './provider.ts';
import { hostOf } from './template.ts';

export interface LookupOptions extends FetchingOptions {
  /** Where JSON about a listener is: `https://service.example/1/user/{user}`. */
  readonly url: string;
  /**
   * Where in it the picture's address is: names and places in arrays, with dots between them, as in
   * `payload.avatar_url` or `images.0.thumbnails.large` (which is how the Cover Art Archive has it).
   */
  readonly path: string;
}

const wantedJson: Wanted = {
  accept: 'application/json',
  isType: (contentType) => /^application\/([\w.-]+\+)?json\b/.test(contentType),
  refuses: (bytes) => (parsed(bytes) === undefined ? 'no JSON' : undefined),
};

/**
 * Pictures whose addresses a service like ListenBrainz tells as JSON. The service may lie inside our
 * network; the pictures lie at the same host or in public.
 */
export function lookupPictures(name: string, options: LookupOptions): PictureProvider {
  const { url: template, path } = options;
  return openFetched(
    name,
    async (user, ask, known) => {
      const url = template.replaceAll('{user}', encodeURIComponent(user));
      const policy = { trustedHost: hostOf(url) };
      const answer = await ask(url, policy, known?.page, wantedJson);
      if (answer.kind === 'none') return undefined;
      const isVariable = true;
      if (answer.kind !== 'picture') {
        // As it was, or not to be had now.
        return known?.address === undefined
          ? undefined
          : { url: known.address, policy, isVariable, page: known.page };
      }
      const address = at(parsed(answer.bytes), path);
      if (typeof address !== 'string' || !URL.canParse(address, url)) return undefined;
      const { etag, lastModified } = answer;
      const page: PictureMark['page'] =
        etag === undefined && lastModified === undefined ? undefined : { etag, lastModified };
      return { url: new URL(address, url).href, policy, isVariable, ...(page && { page }) };
    },
    options,
  );
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** What lies at the path; undefined where there is nothing. Reads own properties alone. */
function at(value: unknown, path: string): unknown {
  let found: unknown = value;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) {
      return undefined;
    }
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}
