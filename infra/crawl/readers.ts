import { eld } from 'eld/small';
import type { Readers } from '../../pipelines/crawl/ports.ts';
import { canonicalOf, isSameSite, normalizePageUrl } from './addresses-of-pages.ts';
import { readFeed } from './feed.ts';
import { readPage } from './page.ts';

/** So much of a text tells its language. */
const charactersToTell = 2000;

/** How the crawler reads what it fetched. */
export const readers: Readers = {
  feed: readFeed,
  page: readPage,
  normalize: normalizePageUrl,
  canonical: canonicalOf,
  isSameSite,
  language(text) {
    const told = eld.detect(text.slice(0, charactersToTell));
    return told.isReliable() && told.language !== '' ? told.language : null;
  },
};
