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
  /** When a source, or a page, last named it; to the day. */
  foundAt: Date;
  /** Id of the article that it leads to. */
  article?: string | null;
  /** Among what was found together. */
  place: number;
  outcome?: string;
};

/** `_id` is the article's id. `unsent` is there from when it is taken until it is in the log. */
interface ArticleDocument {
  _id: string;
  /** Name of the source. */
  feed: string;
  /** When it, or a copy, was last met; to the day. */
  seenAt: Date;
  hash: string;
  signature: number[];
  bands: string[];
  unsent?: ArticleRow;
}

/** See `openCrawlBook`. */
const defaultLeaseMs = 30_000;
const mostAlike = 100;
/** Pages of a source that wait. */
const mostWaiting = 10_000;
/** That something was seen is written down once in so long. */
const seenAgainMs = 24 * 3_600_000;
/** Articles that are looked at together, when they are forgotten. */
const batchSize = 500;

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
      pages.createIndex({ source: 1, foundAt: 1 }),
      pages.createIndex({ article: 1 }),
      articles.createIndex({ bands: 1 }),
      articles.createIndex({ feed: 1, seenAt: 1 }),
      articles.createIndex({ 'unsent.feed': 1 }, { sparse: true }),
    ]),
  );
  /** Those that a page leads to count as seen now: so each is looked at once in that time. */
  const forgetArticles = async (feed: string, before: number): Promise<number> => {
    const old = { feed, seenAt: { $lt: new Date(before) }, unsent: { $exists: false } };
    let forgotten = 0;
    for (;;) {
      const found = await reaching(() =>
        articles.find(old).project<{ _id: string }>({ _id: 1 }).limit(batchSize).toArray(),
      );
      if (found.length === 0) return forgotten;
      const ids = found.map(({ _id }) => _id);
      const leading = await reaching(() =>
        pages
          .find({ article: { $in: ids } })
          .project<{ article: string }>({ article: 1 })
          .toArray(),
      );
      const held = new Set(leading.map(({ article }) => article));
      const free = ids.filter((id) => !held.has(id));
      const met = { $set: { seenAt: new Date(clock()) } };
      await reaching(() => articles.updateMany({ _id: { $in: [...held] } }, met));
      const gone = await reaching(() => articles.deleteMany({ ...old, _id: { $in: free } }));
      forgotten += gone.deletedCount;
    }
  };
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
    async addPages(source, found, at) {
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
      const again = {
        _id: { $in: [...known.keys()] },
        foundAt: { $lt: new Date(at - seenAgainMs) },
      };
      await reaching(() => pages.updateMany(again, { $set: { foundAt: new Date(at) } }));
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
      if (writes.length === 0) return 0;
      const waiting = await reaching(() =>
        pages.countDocuments({ source, nextAt: { $ne: null } }, { limit: mostWaiting }),
      );
      const chosen = writes.slice(0, mostWaiting - waiting);
      if (chosen.length > 0) await reaching(() => pages.bulkWrite(chosen));
      return writes.length - chosen.length;
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
      const article = {
        ...{ feed: row.feed, seenAt: new Date(row.fetched) },
        ...{ hash, signature: [...signature], bands: [...bands], unsent: row },
      };
      await reaching(() => articles.replaceOne({ _id: id }, article, { upsert: true }));
    },
    async seen(article, at) {
      const seenAt = new Date(at);
      const old = { _id: article, seenAt: { $lt: new Date(at - seenAgainMs) } };
      await reaching(() => articles.updateOne(old, { $set: { seenAt } }));
    },
    async forget(source, before) {
      const read = { source, nextAt: null, foundAt: { $lt: new Date(before) } };
      const { deletedCount } = await reaching(() => pages.deleteMany(read));
      return { pages: deletedCount, articles: await forgetArticles(source, before) };
    },
    async forgetSource(source, before) {
      const old = { source, foundAt: { $lt: new Date(before) } };
      const { deletedCount } = await reaching(() => pages.deleteMany(old));
      const forgotten = { pages: deletedCount, articles: await forgetArticles(source, before) };
      // Articles that pages of others lead to stay, and with them the state by which they are found.
      const left = await reaching(() => articles.countDocuments({ feed: source }, { limit: 1 }));
      if (left > 0) return forgotten;
      await reaching(() => sources.deleteOne({ _id: source, visitedAt: { $lt: before } }));
      return forgotten;
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
