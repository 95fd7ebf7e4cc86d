import { Readability } from '@mozilla/readability';
import { Unreadable, type ReadPage } from '../../pipelines/crawl/ports.ts';
import { languageOf } from './feed.ts';
import { parseMarkup, type MarkupDocument, type MarkupElement, type MarkupNode } from './markup.ts';
import { deepest, plainTitle, textOf } from './plain-text.ts';
import { productToken } from './robots.ts';

/** Elements of a page that is read. */
const mostElements = 10_000;
/** Links of a page that are looked at, the first ones. */
const mostLinks = 2000;
/** Of an article; what is longer is left out. */
const mostCharacters = 500_000;

/**
 * Reads a page: its article as the reader view of browsers has it, and what it says of itself.
 * Scripts are not run.
 *
 * @param type - media type; `text/plain` is taken as it is
 * @param url - where it was fetched from
 * @throws Unreadable where it is too large or too deep to be one that somebody wrote
 */
export function readPage(text: string, type: string, url: string): ReadPage {
  if (type === 'text/plain') return plainPage(text);
  // Before a document is made of it; scripts may hold some that are none.
  const tags = text.match(/<[a-z]/gi)?.length ?? 0;
  if (tags > 3 * mostElements) throw new Unreadable(`more than ${mostElements} elements`);
  const document = parseMarkup(text);
  const { documentElement: root } = document;
  if (root === null) {
    throw new Unreadable('expected HTML, got something else');
  }
  checkSize(root);
  lowerAttributeNames(document);
  const said = (selector: string, attribute: string) =>
    document.querySelector(selector)?.getAttribute(attribute) ?? null;
  const base = absolute(said('base[href]', 'href'), url) ?? url;
  const language =
    languageOf(root.getAttribute('lang')) ??
    languageOf(said('meta[property="og:locale"]', 'content'));
  const canonical = absolute(said('link[rel~="canonical"]', 'href'), base);
  const robots = robotsOf(document);
  const links = /\b(nofollow|none)\b/i.test(robots) ? [] : linksOf(document, base);
  const dated =
    said('meta[property="article:published_time"]', 'content') ??
    said('time[datetime][pubdate], article time[datetime]', 'datetime');
  const heading = said('meta[property="og:title"]', 'content');
  // It takes the document apart.
  const article = read(document);
  return {
    title: plainTitle(escaped(heading ?? article.title)),
    canonical,
    published: dated ?? article.published,
    language,
    text: article.text.slice(0, mostCharacters),
    links,
    isIndexed: !/\b(noindex|none)\b/i.test(robots),
  };
}

function read(document: MarkupDocument): {
  title: string | null;
  published: string | null;
  text: string;
} {
  try {
    const found = new Readability<MarkupNode>(document, {
      charThreshold: 200,
      maxElemsToParse: mostElements,
      serializer: (node: MarkupNode) => node,
    }).parse();
    return {
      title: found?.title ?? null,
      published: found?.publishedTime ?? null,
      text: textOf(found?.content ?? null),
    };
  } catch (cause) {
    throw new Unreadable(`cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function plainPage(text: string): ReadPage {
  const lines = text.replace(/\r\n?/g, '\n').replace(/[^\S\n]+/g, ' ');
  return {
    title: null,
    canonical: null,
    published: null,
    language: null,
    text: lines
      .replace(/\s*\n\s*/g, '\n')
      .trim()
      .slice(0, mostCharacters),
    links: [],
    isIndexed: true,
  };
}

function checkSize(root: MarkupElement): void {
  let elements = 0;
  let depth = 0;
  for (let node: MarkupElement | null = root; node !== null;) {
    if (++elements > mostElements) throw new Unreadable(`more than ${mostElements} elements`);
    if (depth > deepest) throw new Unreadable(`elements nested deeper than ${deepest}`);
    const child: MarkupElement | null = node.firstElementChild;
    if (child !== null) {
      depth++;
      node = child;
      continue;
    }
    while (node !== null && node.nextElementSibling === null) {
      node = node.parentElement;
      depth--;
    }
    node = node?.nextElementSibling ?? null;
  }
}

/** HTML knows no difference of case in them; the parser keeps them as written. */
function lowerAttributeNames(document: MarkupDocument): void {
  for (const element of document.querySelectorAll('*')) {
    for (const name of [...element.getAttributeNames()]) {
      const lower = name.toLowerCase();
      if (lower === name || element.getAttribute(lower) !== null) continue;
      element.setAttribute(lower, element.getAttribute(name) ?? '');
    }
  }
}

/** What a page asks of crawlers, and of us: names in any case, of several elements all count. */
function robotsOf(document: MarkupDocument): string {
  const asked: string[] = [];
  for (const meta of document.querySelectorAll('meta[name]')) {
    const name = meta.getAttribute('name')?.trim().toLowerCase();
    if (name !== 'robots' && name !== productToken.toLowerCase()) continue;
    asked.push(meta.getAttribute('content') ?? '');
  }
  return asked.join(',');
}

function linksOf(document: MarkupDocument, base: string): string[] {
  const links = new Set<string>();
  for (const anchor of document.querySelectorAll('a[href]')) {
    if (/\bnofollow\b/i.test(anchor.getAttribute('rel') ?? '')) continue;
    const link = absolute(anchor.getAttribute('href'), base);
    if (link !== null) links.add(link.replace(/#.*$/, ''));
    if (links.size >= mostLinks) break;
  }
  return [...links];
}

function absolute(link: string | null, base: string): string | null {
  const url = link !== null && URL.canParse(link, base) ? new URL(link, base) : undefined;
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url.href : null;
}

/** What was decoded is text, and may hold `<`. */
function escaped(text: string | null): string | null {
  return text?.replaceAll('&', '&amp;').replaceAll('<', '&lt;') ?? null;
}
