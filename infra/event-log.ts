import type { EventLog, LogReader } from '../pipelines/intake/log.ts';
import type { Log } from '../pipelines/ports.ts';
import type { Config } from './config.ts';
import { openTopicLog } from './kafka/append.ts';
import { openTopicReader } from './kafka/read.ts';
import type { TopicPlace } from './kafka/topic.ts';
import type { StreamPlace } from './rabbit/stream.ts';
import { openStreamLog } from './rabbit/stream-append.ts';
import { openStreamReader } from './rabbit/stream-read.ts';
import type { ServerUrls } from './servers/index.ts';

/** What says where the log is. */
type LogConfig = Pick<Config, 'namespace' | 'kafkaBrokers' | 'logKeeps'>;
type LogServers = Pick<ServerUrls, 'rabbitmqUrl'>;

/**
 * The log, to append to: a topic where the configuration names brokers of Kafka, else a RabbitMQ
 * stream. Connects when the first entry comes, and again when the connection is lost.
 *
 * @param options.patienceMs - how long an entry is tried. Default 10 s
 */
export function openEventLog(
  config: LogConfig,
  servers: LogServers,
  log: Log,
  options: { readonly patienceMs?: number } = {},
): EventLog {
  const topic = topicIn(config);
  return topic === undefined
    ? openStreamLog(streamIn(config, servers), log, options)
    : openTopicLog(topic, log, options);
}

/** The same log, to read from. */
export function openLogReader(config: LogConfig, servers: LogServers): LogReader {
  const topic = topicIn(config);
  return topic === undefined ? openStreamReader(streamIn(config, servers)) : openTopicReader(topic);
}

function topicIn({
  namespace,
  kafkaBrokers: brokers,
  logKeeps,
}: LogConfig): TopicPlace | undefined {
  if (brokers === undefined) return undefined;
  return { brokers, namespace, ...(logKeeps === undefined ? {} : { keeps: logKeeps }) };
}

function streamIn({ namespace, logKeeps }: LogConfig, { rabbitmqUrl }: LogServers): StreamPlace {
  return { url: rabbitmqUrl, namespace, ...(logKeeps === undefined ? {} : { keeps: logKeeps }) };
}
