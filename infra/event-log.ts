import type { EventLog, LogReader } from '../pipelines/intake/log.ts';
import type { Log } from '../pipelines/ports.ts';
import type { Config } from './config.ts';
import { openStreamLog } from './rabbit/stream-append.ts';
import { openStreamReader } from './rabbit/stream-read.ts';
import type { ServerUrls } from './servers/index.ts';

/** What says where the log is. */
type LogConfig = Pick<Config, 'namespace' | 'kafkaBrokers' | 'logKeeps'>;
type LogServers = Pick<ServerUrls, 'rabbitmqUrl'>;

/**
 * The log, to append to: a RabbitMQ stream. Connects when the first entry comes, and again when the
 * connection is lost.
 *
 * @param options.patienceMs - how long an entry is tried. Default 10 s
 */
export function openEventLog(
  config: LogConfig,
  servers: LogServers,
  log: Log,
  options: { readonly patienceMs?: number } = {},
): EventLog {
  return openStreamLog(placeOf(config, servers), log, options);
}

/** The same log, to read from. */
export function openLogReader(config: LogConfig, servers: LogServers): LogReader {
  return openStreamReader(placeOf(config, servers));
}

function placeOf({ namespace, logKeeps }: LogConfig, { rabbitmqUrl }: LogServers) {
  return { url: rabbitmqUrl, namespace, ...(logKeeps === undefined ? {} : { keeps: logKeeps }) };
}
