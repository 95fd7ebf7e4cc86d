import {
  MongoClient,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  type Db,
} from 'mongodb';
import { Mistake } from '../model/mistake.ts';
import { Unavailable } from '../pipelines/delivery/ports.ts';
import type { Log } from '../pipelines/ports.ts';
import { keepMonitoring } from './mongo/monitor.ts';
import { withoutPassword } from './servers/index.ts';

export interface MongoOptions {
  /** `mongodb://user:password@host:port` */
  readonly url: string;
  /** Name of the database. */
  readonly database: string;
  /** How long a call looks for the server before it gives up, in milliseconds. Default 5,000. */
  readonly patienceMs?: number;
  readonly log?: Log;
}

export interface Mongo {
  readonly db: Db;
  dispose(): Promise<void>;
}

/**
 * Connects, and proves it with a ping.
 *
 * @throws Mistake `SERVER_DOWN` where nothing answers, `SERVER_REFUSED` where the password is not
 *   taken; both name the URL without its password
 */
export async function openMongo({
  url,
  database,
  patienceMs = 5000,
  log,
}: MongoOptions): Promise<Mongo> {
  const where = withoutPassword(url);
  const client = new MongoClient(url, {
    serverSelectionTimeoutMS: patienceMs,
    connectTimeoutMS: patienceMs,
    appName: database,
  });
  try {
    await client.connect();
    await client.db(database).command({ ping: 1 });
  } catch (cause) {
    await client.close();
    if (isRefusal(cause)) {
      throw new Mistake(
        'SERVER_REFUSED',
        `MongoDB at ${where}: expected to be let in, got "${(cause as Error).message}"`,
        { cause },
      );
    }
    throw new Mistake(
      'SERVER_DOWN',
      `MongoDB at ${where}: expected a server, got "${(cause as Error).message}"`,
      { cause },
    );
  }
  let open = true;
  const monitoring = keepMonitoring(client, patienceMs, log);
  return {
    db: client.db(database),
    async dispose() {
      if (!open) return;
      open = false;
      await monitoring.stop();
      await client.close();
    },
  };
}

/** Authentication failed, unauthorized. */
const refusalCodes = new Set<unknown>([18, 13, 8000]);

function isRefusal(error: unknown): boolean {
  return error instanceof MongoServerError && refusalCodes.has(error.code);
}

/** Not primary, shutting down, stepping down, host unreachable, network timeout and their kin. */
const passingCodes = new Set<unknown>([
  6, 7, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436,
]);

/** A call that has no answer by then never will: see `keepMonitoring`. */
const answerMs = 120_000;

/**
 * Runs a call to MongoDB; what may pass by itself becomes `Unavailable`, and so does what is not
 * answered within two minutes.
 */
export async function reaching<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await answered(call);
  } catch (cause) {
    if (maySucceedLater(cause)) {
      throw new Unavailable(`MongoDB: ${(cause as Error).message}`, { cause });
    }
    throw cause;
  }
}

async function answered<Result>(call: () => Promise<Result>): Promise<Result> {
  let overdue: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    overdue = setTimeout(
      () => reject(new MongoNetworkError(`no answer for ${answerMs / 1000} s`)),
      answerMs,
    );
  });
  try {
    return await Promise.race([call(), silence]);
  } finally {
    clearTimeout(overdue);
  }
}

function maySucceedLater(error: unknown): boolean {
  if (error instanceof MongoServerError) return passingCodes.has(error.code);
  return (
    error instanceof MongoNetworkError ||
    error instanceof MongoServerSelectionError ||
    error instanceof MongoNotConnectedError ||
    error instanceof MongoTopologyClosedError
  );
}
