import { readFile } from 'node:fs/promises';
import { Mistake } from '../../model/mistake.ts';
import { parseSources, type CrawlFile } from '../../pipelines/crawl/sources-file.ts';

/**
 * Reads the file of sources.
 *
 * @param path - what `CRAWL_SOURCES` says
 * @throws Mistake `CONFIGURATION`, `SOURCE_MISSING`
 */
export async function readCrawlFile(path: string | undefined): Promise<CrawlFile> {
  if (path === undefined) {
    throw new Mistake(
      'CONFIGURATION',
      'environment variable CRAWL_SOURCES: expected a JSON file of sources, got none; see docs/crawling.md',
    );
  }
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new Mistake(
      'SOURCE_MISSING',
      `CRAWL_SOURCES: expected a file at ${path}, got "${(cause as Error).message}"`,
      { cause },
    );
  }
  return parseSources(text, path);
}
