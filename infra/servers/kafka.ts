import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from '../../pipelines/ports.ts';
import { ensureJars, type JarList } from './jars.ts';
import type { PlannedLaunch, Ports, ServerKind, Way } from './kind.ts';
import { pingKafka } from './ping.ts';
import { findProgram } from './process.ts';

const execute = promisify(execFile);
const JARS: JarList = {
  server: 'kafka',
  what: 'Kafka',
  source: join(import.meta.dirname, 'kafka'),
};
/** Any will do, as long as it stays: a cluster of one. */
const CLUSTER = 'bW9uZGF5bWl4LWthZmthMQ';

export const kafka: ServerKind = {
  name: 'kafka',
  title: 'Kafka',
  variable: 'KAFKA_BROKERS',
  aptPackage: undefined,
  url: (port) => `127.0.0.1:${port}`,
  ping: pingKafka,
  // No distribution has it as a program: see findKafka.
  findProgram: () => Promise.resolve(undefined),
};

/**
 * Kafka as its jars from Maven: one node that is broker and controller (KRaft), data kept in the
 * home. Undefined where there is no Java or no Maven.
 *
 * @param folder - the server's folder in the home; the jars are kept in it
 * @throws Mistake `SERVER_DOWN` when a jar cannot be fetched or is not the one that we know
 */
export async function findKafka(folder: string, log: Log): Promise<Way | undefined> {
  const java = await findProgram(['java']);
  const maven = await findProgram(['mvn']);
  if (java === undefined || maven === undefined) return undefined;
  return {
    name: 'kafka-jars',
    inMemory: false,
    extraPorts: ['controller'],
    async prepare(_, ports) {
      const jars = join(folder, 'jars');
      await ensureJars(maven, JARS, jars, log);
      return prepare(java, jars, folder, ports);
    },
  };
}

async function prepare(
  java: string,
  jars: string,
  folder: string,
  ports: Ports,
): Promise<PlannedLaunch[]> {
  const data = join(folder, 'data');
  await mkdir(data, { recursive: true });
  const config = join(folder, 'server.properties');
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    listeners: `BROKER://127.0.0.1:${ports['main']},CONTROLLER://127.0.0.1:${ports['controller']}`,
    'advertised.listeners': `BROKER://127.0.0.1:${ports['main']}`,
    'listener.security.protocol.map': 'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'BROKER',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@127.0.0.1:${ports['controller']}`,
    'log.dirs': data,
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'auto.create.topics.enable': 'false',
    'group.initial.rebalance.delay.ms': '0',
    // A killed broker may be back at once.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
  };
  await writeFile(
    config,
    Object.entries(properties)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const run = [
    '-XX:+UseSerialGC',
    '-Xmx512m',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-cp',
    join(jars, '*'),
  ];
  const isFormatted = await readFile(join(data, 'meta.properties')).catch(() => undefined);
  if (isFormatted === undefined) {
    await execute(java, [
      ...run,
      'kafka.tools.StorageTool',
      ...['format', '-t', CLUSTER, '-c', config, '--ignore-formatted'],
    ]);
  }
  return [
    {
      role: 'server',
      program: java,
      args: [...run, 'kafka.Kafka', config],
      env: {},
      graceMs: 20_000,
    },
  ];
}
