import { parseFeed } from 'feedsmith';
import { Unreadable, type Feed, type FeedEntry } from '../../pipelines/crawl/ports.ts';
import { plainText, plainTitle } from './plain-text.ts';

/** Entries of a feed that are read, the first ones. */
export const mostEntries = 1000;
/** Of a text in a feed; what is longer is read no further. */
const mostCharacters = 1_000_000;

/** What an entry says, before links are made absolute and HTML text. */
interface RawEntry {
  readonly link: string | null | undefined;
  readonly base?: string | undefined;
  readonly title: string | null | undefined;
  readonly published: string | null | undefined;
  readonly updated: string | null | undefined;
  readonly language?: string | null | undefined;
  readonly text: string | null | undefined;
}

/**
 * Reads RSS, RDF, Atom or JSON Feed. Links are made absolute by `xml:base`, the feed's own link or
 * its address.
 *
 * @param url - where it was fetched from
 * @throws Unreadable
 */
export function readFeed(text: string, url: string): Feed {
  const { base, language, entries } = parse(text.replace(/^\ufeff/, '').trimStart());
  const feedBase = absolute(base, url) ?? url;
  return {
    entries: entries.slice(0, mostEntries).map((raw): FeedEntry => {
      const entryBase = absolute(raw.base, feedBase) ?? feedBase;
      return {
        url: absolute(raw.link, entryBase),
        title: plainTitle(raw.title),
        published: raw.published ?? null,
        updated: raw.updated ?? null,
        language: languageOf(raw.language ?? language),
        text: plainText(raw.text?.slice(0, mostCharacters)),
      };
    }),
  };
}

interface RawFeed {
  readonly base?: string | undefined;
  readonly language?: string | undefined;
  readonly entries: readonly RawEntry[];
}

function parse(text: string): RawFeed {
  let parsed: ReturnType<typeof parseFeed<string>>;
  try {
    parsed = parseFeed<string>(text, { maxItems: mostEntries });
  } catch (cause) {
    const isHtml = /^<(!doctype html|html)\b/i.test(text);
    const got = isHtml ? 'a page' : text === '' ? 'nothing' : 'something else, or broken XML';
    throw new Unreadable(`expected RSS, Atom or JSON Feed, got ${got}`, { cause });
  }
  const { format, feed } = parsed;
  if (format === 'json') {
    return {
      language: feed.language,
      base: feed.home_page_url,
      entries: (feed.items ?? []).map((item) => ({
        link: item.url ?? item.external_url,
        title: item.title,
        published: item.date_published,
        updated: item.date_modified,
        language: item.language,
        text: item.content_html ?? escaped(item.content_text) ?? escaped(item.summary),
      })),
    };
  }
  if (format === 'atom') {
    return {
      base: feed.xml?.base,
      language: feed.xml?.lang,
      entries: (feed.entries ?? []).map((entry) => ({
        link: (
          entry.links?.find(({ rel }) => rel === undefined || rel === 'alternate') ??
          entry.links?.[0]
        )?.href,
        base: entry.xml?.base,
        title: atomText(entry.title),
        published: entry.published,
        updated: entry.updated,
        language: entry.xml?.lang,
        text: atomText(entry.content) ?? atomText(entry.summary),
      })),
    };
  }
  if (format === 'rdf') {
    return {
      base: feed.link,
      language: feed.dc?.languages?.[0],
      entries: (feed.items ?? []).map((item) => ({
        link: item.link ?? item.rdf?.about,
        title: item.title,
        published: item.dc?.dates?.[0],
        updated: undefined,
        text: item.content?.encoded ?? item.description,
      })),
    };
  }
  return {
    base: feed.link,
    language: feed.language,
    entries: (feed.items ?? []).map((item) => ({
      link: item.link ?? (item.guid?.isPermaLink === false ? undefined : item.guid?.value),
      title: item.title,
      published: item.pubDate ?? item.dc?.dates?.[0],
      updated: undefined,
      language: item.dc?.languages?.[0],
      text: item.content?.encoded ?? item.description,
    })),
  };
}

interface AtomText {
  readonly value?: string;
  readonly type?: string;
}

/** As HTML. */
function atomText(text: AtomText | undefined): string | undefined {
  if (text?.value === undefined) return undefined;
  return text.type === undefined || text.type === 'text' ? escaped(text.value) : text.value;
}

/** Text as HTML. */
function escaped(text: string | undefined): string | undefined {
  return text?.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('\n', '<br>');
}

function absolute(link: string | null | undefined, base: string): string | null {
  if (link === null || link === undefined || link.trim() === '') return null;
  return URL.canParse(link.trim(), base) ? new URL(link.trim(), base).href : null;
}

/** BCP 47 in its canonical form, null where it is none. */
export function languageOf(tag: string | null | undefined): string | null {
  if (tag === null || tag === undefined) return null;
  try {
    return Intl.getCanonicalLocales(tag.trim().replaceAll('_', '-'))[0] ?? null;
  } catch {
    return null;
  }
}
