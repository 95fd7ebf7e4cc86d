import { z } from 'zod';
import { Mistake } from '../../model/mistake.ts';

/** What is crawled, and how often: the schema of the file that `CRAWL_SOURCES` names. */
const source = z.strictObject({
  /** Stands for the source in the lake, in the log and in metrics. */
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'up to 64 of a-z, 0-9, ., _ and -'),
  url: z.url({ protocol: /^https?$/, error: 'an address with http or https' }),
  /** `feed`: RSS, Atom, RDF or JSON Feed; `page`: HTML. Default `feed`. */
  kind: z.enum(['feed', 'page']).default('feed'),
  /** Minutes between visits, 1..43,200. Default 60. */
  everyMinutes: z.number().int().min(1).max(43_200).default(60),
  /**
   * Steps from the source to what is read, 0..3. Of a feed: 0 takes the text from the feed itself, 1
   * (the default) the pages that it names, 2 what these link to on their own site. Of a page: 0 (the
   * default) takes the page itself, 1 what it links to on its own site.
   */
  depth: z.number().int().min(0).max(3).optional(),
  /** Pages fetched in one visit, 1..1,000; the others wait for the next. Default 50. */
  maxArticles: z.number().int().min(1).max(1000).default(50),
  /** Links that are followed: a regular expression held against the address. Default: all. */
  follow: z.string().refine(isExpression, 'a regular expression').optional(),
  /** The text is kept as words with counts, and nowhere else. Default false. */
  lyrics: z.boolean().default(false),
  /** BCP 47, where the source does not say. */
  language: z.string().refine(isLanguage, 'a language such as "en" or "pt-BR"').optional(),
  /** Hours without a new article after which it is stale, above 0. Default 168, a week. */
  staleAfterHours: z.number().positive().default(168),
});

const file = z.strictObject({
  sources: z.array(source).min(1, 'at least one source'),
  /** Hosts, with their port where it is not the usual one, that may lie inside our network. */
  privateHosts: z.array(z.string().min(1)).default([]),
  /** Seconds between two requests to a host, 0..600; a longer Crawl-delay counts. Default 2. */
  delaySeconds: z.number().min(0).max(600).default(2),
  /**
   * Days after which a page that its source names no more is forgotten, and an article that no page
   * leads to, 60..3,650: longer than any source goes unvisited. Default 90.
   */
  rememberDays: z.number().int().min(60).max(3650).default(90),
});

export type CrawlSource = Omit<z.infer<typeof source>, 'depth'> & { readonly depth: number };
export interface CrawlFile {
  /** In the order of the file; names are unique. */
  readonly sources: readonly CrawlSource[];
  readonly privateHosts: readonly string[];
  readonly delaySeconds: number;
  readonly rememberDays: number;
}

/**
 * @param place - how a mistake calls the file
 * @throws Mistake `CONFIGURATION` naming the place in it, what was expected and what came
 */
export function parseSources(text: string, place: string): CrawlFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw wrong(place, 'JSON', (cause as Error).message, cause);
  }
  const parsed = file.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = pathOf(issue!.path);
    const got = valueAt(json, issue!.path);
    throw wrong(
      where === '' ? place : `${place}, ${where}`,
      issue!.message
        .replace(/^Invalid (input|option): expected /, '')
        .replace(/, received .*$/, ''),
      got === undefined ? 'nothing' : JSON.stringify(got),
    );
  }
  const names = new Map<string, number>();
  for (const [n, { name }] of parsed.data.sources.entries()) {
    const first = names.get(name);
    if (first !== undefined) {
      const other = `a name other than that of sources[${first}]`;
      throw wrong(`${place}, sources[${n}].name`, other, JSON.stringify(name));
    }
    names.set(name, n);
  }
  const sources = parsed.data.sources.map((one) => ({
    ...one,
    depth: one.depth ?? (one.kind === 'feed' ? 1 : 0),
  }));
  return Object.freeze({ ...parsed.data, sources });
}

function wrong(place: string, expected: string, got: string, cause?: unknown): Mistake {
  const shown = got.length > 200 ? `${got.slice(0, 200)}…` : got;
  return new Mistake('CONFIGURATION', `${place}: expected ${expected}, got ${shown}`, { cause });
}

/** `sources[2].url` */
function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    json,
  );
}

function isExpression(text: string): boolean {
  try {
    return new RegExp(text, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

function isLanguage(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}
