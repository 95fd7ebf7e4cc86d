import type { AnyBulkWriteOperation, Db } from 'mongodb';
import type {
  ArticlePrint,
  ArticleRow,
  CrawlBook,
  SourceState,
  WaitingPage,
} from '../../pipelines/crawl/ports.ts';
import type { Clock } from '../../pipelines/ports.ts';
import { reaching } from '../mongo.ts';
import { openLeases } from '../mongo/leases.ts';

/** `_id` is the address. `nextAt` is null when the page was read. */
type PageDocument = Omit<WaitingPage, 'url'> & {
  _id: string;
  nextAt: Date | null;
  foundAt: Date;
  /** Among what was found together. */
  place: number;
  outcome?: string;
};

/** `_id` is the article's id. `unsent` is there from when it is taken until it is in the log. */
interface ArticleDocument {
  _id: string;
  hash: string;
  signature: number[];
  bands: string[];
  unsent?: ArticleRow;
}

/** See `openCrawlBook`. */
const defaultLeaseMs = 30_000;
const mostAlike = 100;

/**
 * The crawler's state in MongoDB, collections `crawl_sources`, `crawl_pages`, `crawl_articles` and
 * `leases`. Of the text of an article nothing stays there once its row is in the log.
 *
 * @param leaseMs - how long what a killed process held stays held. Default 30,000.
 */
export async function openCrawlBook(
  db: Db,
  clock: Clock,
  leaseMs = defaultLeaseMs,
): Promise<CrawlBook> {
  const sources = db.collection<Omit<SourceState, 'name'> & { _id: string }>('crawl_sources');
  const pages = db.collection<PageDocument>('crawl_pages');
  const articles = db.collection<ArticleDocument>('crawl_articles');
  await reaching(() =>
    Promise.all([
      pages.createIndex({ source: 1, nextAt: 1 }),
      articles.createIndex({ bands: 1 }),
      articles.createIndex({ 'unsent.feed': 1 }, { sparse: true }),
    ]),
  );
  return {
    ...openLeases(db, clock, leaseMs),
    async state(name) {
      const found = await reaching(() => sources.findOne({ _id: name }));
      return found === null ? undefined : stateOf(found);
    },
    async states() {
      const found = await reaching(() => sources.find().sort({ _id: 1 }).toArray());
      return found.map(stateOf);
    },
    async save({ name, ...state }) {
      await reaching(() => sources.replaceOne({ _id: name }, state, { upsert: true }));
    },
    async addPages(found, at) {
      if (found.length === 0) return 0;
      const known = new Map<string, string | null>();
      const ids = found.map(({ url }) => url);
      const asked = await reaching(() =>
        pages
          .find({ _id: { $in: ids } })
          .project<{ _id: string; stamp: string | null }>({ stamp: 1 })
          .toArray(),
      );
      for (const { _id, stamp } of asked) known.set(_id, stamp);
      const times = { nextAt: new Date(at), foundAt: new Date(at), attempts: 0 };
      const writes = found.flatMap(
        ({ url, ...page }, place): AnyBulkWriteOperation<PageDocument>[] => {
          const stamp = known.get(url);
          if (known.has(url) && (page.stamp === null || page.stamp === stamp)) return [];
          const $set = { ...page, ...times, place };
          const $setOnInsert = { etag: null, lastModified: null };
          const filter = { _id: url };
          return [{ updateOne: { filter, update: { $set, $setOnInsert }, upsert: true } }];
        },
      );
      if (writes.length > 0) await reaching(() => pages.bulkWrite(writes));
      return writes.length;
    },
    async waiting(source, now, limit) {
      const found = await reaching(() =>
        pages
          .find({ source, nextAt: { $ne: null, $lte: new Date(now) } })
          .sort({ nextAt: 1, place: 1, _id: 1 })
          .limit(limit)
          .toArray(),
      );
      return found.map(pageOf);
    },
    async nextPageAt(source) {
      const found = await reaching(() =>
        pages
          .find({ source, nextAt: { $ne: null } })
          .sort({ nextAt: 1 })
          .limit(1)
          .toArray(),
      );
      return found[0]?.nextAt?.getTime();
    },
    async settle(url, outcome) {
      const $set =
        outcome.kind === 'later'
          ? { nextAt: new Date(outcome.at), attempts: outcome.attempts }
          : { ...without(outcome), nextAt: null };
      await reaching(() => pages.updateOne({ _id: url }, { $set }));
    },
    async print(article) {
      const found = await reaching(() => articles.findOne({ _id: article }));
      return found === null ? undefined : printOf(found);
    },
    async alike(bands) {
      const found = await reaching(() =>
        articles
          .find({ bands: { $in: [...bands] } })
          .sort({ _id: 1 })
          .limit(mostAlike)
          .toArray(),
      );
      return found.map(printOf);
    },
    async take({ id, hash, signature }, bands, row) {
      const article = { hash, signature: [...signature], bands: [...bands], unsent: row };
      await reaching(() => articles.replaceOne({ _id: id }, article, { upsert: true }));
    },
    async unsent(source) {
      const found = await reaching(() =>
        articles.find({ 'unsent.feed': source }).sort({ _id: 1 }).toArray(),
      );
      return found.flatMap(({ unsent }) => (unsent === undefined ? [] : [unsent]));
    },
    async sent({ article_id, fetched }) {
      await reaching(() =>
        articles.updateOne(
          { _id: article_id, 'unsent.fetched': fetched },
          { $unset: { unsent: '' } },
        ),
      );
    },
  };
}

function stateOf({
  _id: name,
  ...state
}: Omit<SourceState, 'name'> & { readonly _id: string }): SourceState {
  return { name, ...state };
}

function pageOf({ _id: url, ...page }: PageDocument): WaitingPage {
  const { source, depth, stamp, title, published, language, etag, lastModified, attempts } = page;
  const said = { stamp, title, published, language };
  return { url, source, depth, ...said, etag, lastModified, attempts };
}

function printOf({ _id: id, hash, signature }: ArticleDocument): ArticlePrint {
  return { id, hash, signature };
}

function without<Outcome extends { readonly kind: string }>({
  kind: _kind,
  ...rest
}: Outcome): Omit<Outcome, 'kind'> {
  return rest;
}
