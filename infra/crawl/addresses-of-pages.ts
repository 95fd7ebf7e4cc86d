import normalizeUrl from 'normalize-url';
import { getDomain } from 'tldts';

/** What campaigns, newsletters and social networks add to an address to follow who reads it. */
const tracking = [
  /^utm_/i,
  /^(fb|g|dc|wb|ms|tw|yc|ig|twc|oly|vero|mc|pk|piwik|matomo|mtm|hsa)_?(clid|clsrc|braid|bid|cid|eid|shid|rid|campaign|kwd|keyword|source|medium|content|id|anon_id|enc_id)$/i,
  /^(_hsenc|_hsmi|__hssc|__hstc|_openstat|_ga|_gl|cmpid|ncid|ref_src|ref_url|spm|s_cid|mkt_tok|wickedid|igshid|fbclid|gclid|srsltid|at_medium|at_campaign|xtor)$/i,
];

/**
 * The normal form of an address: `https` or `http` as given, the host in lower case, no default port,
 * fragment, name or password, no tracking parameters, the others sorted, no trailing slash. Null
 * where it is no address of the web, or longer than 2,000 characters.
 */
export function normalizePageUrl(url: string): string | null {
  if (!/^https?:\/\//i.test(url) || url.length > 2000 || !URL.canParse(url)) return null;
  try {
    return normalizeUrl(url, {
      stripAuthentication: true,
      stripHash: true,
      stripWWW: false,
      removeQueryParameters: tracking,
      removeTrailingSlash: true,
      sortQueryParameters: true,
    });
  } catch {
    return null;
  }
}

/**
 * The canonical address that a page may claim: one of its own site, that is not the site's front
 * page while the page is another; else its own. Any other claim could take an article's place.
 *
 * @param own - normal form
 */
export function canonicalOf(own: string, claimed: string | null): string {
  const canonical = claimed === null ? null : normalizePageUrl(claimed);
  if (canonical === null || !isSameSite(canonical, own)) return own;
  const isFront = (url: string) => new URL(url).pathname === '/' && new URL(url).search === '';
  return isFront(canonical) && !isFront(own) ? own : canonical;
}

/** Whether two addresses belong to one who registered a domain; without one, to one host. */
export function isSameSite(one: string, other: string): boolean {
  const [a, b] = [new URL(one), new URL(other)];
  if (a.host === b.host) return true;
  const options = { allowPrivateDomains: true };
  const domain = getDomain(a.hostname, options);
  return domain !== null && domain === getDomain(b.hostname, options);
}
