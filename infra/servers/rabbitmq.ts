import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlannedLaunch, Ports, ServerKind } from './kind.ts';
import { pingRabbitmq } from './ping.ts';
import { findProgram } from './process.ts';

/**
 * Debian's `rabbitmq-server` on PATH is a wrapper for the system-wide broker and its user; the
 * program itself is in the first of these folders.
 */
const FOLDERS = [
  '/usr/lib/rabbitmq/bin',
  '/usr/sbin',
  '/usr/local/sbin',
  '/opt/homebrew/sbin',
  '/usr/local/opt/rabbitmq/sbin',
];

export const rabbitmq: ServerKind = {
  name: 'rabbitmq',
  title: 'RabbitMQ',
  variable: 'RABBITMQ_URL',
  aptPackage: 'rabbitmq-server',
  url: (port) => `amqp://guest:guest@127.0.0.1:${port}`,
  ping: pingRabbitmq,
  async findProgram() {
    const server =
      (await findProgram([`${FOLDERS[0]}/rabbitmq-server`])) ??
      (await findProgram(['rabbitmq-server'], FOLDERS));
    const epmd = await findProgram(['epmd'], ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']);
    if (server === undefined || epmd === undefined) return undefined;
    return {
      name: 'rabbitmq-server',
      inMemory: false,
      extraPorts: ['epmd', 'distribution'],
      prepare: (folder, ports) => prepare(server, epmd, folder, ports),
    };
  },
};

/**
 * A broker of one node. Erlang's port mapper (epmd) is a private one as well, so the node's name
 * can be the same in every home, and its data folder can be moved with the home.
 */
async function prepare(
  server: string,
  epmd: string,
  folder: string,
  ports: Ports,
): Promise<PlannedLaunch[]> {
  for (const name of ['data', 'log', 'home']) await mkdir(join(folder, name), { recursive: true });
  const config = join(folder, 'rabbitmq.conf');
  await writeFile(config, `listeners.tcp.local = 127.0.0.1:${ports['main']}\n`);
  await writeFile(join(folder, 'enabled_plugins'), '[].\n');
  await writeFile(join(folder, 'rabbitmq-env.conf'), '');
  await writeFile(join(folder, 'advanced.config'), '[].\n');
  const erlang = {
    HOME: join(folder, 'home'),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(ports['epmd']),
  };
  return [
    {
      role: 'epmd',
      program: epmd,
      args: ['-address', '127.0.0.1', '-port', String(ports['epmd'])],
      env: erlang,
      graceMs: 2_000,
    },
    {
      role: 'server',
      program: server,
      args: [],
      env: {
        ...erlang,
        RABBITMQ_NODENAME: 'mondaymix@localhost',
        RABBITMQ_NODE_PORT: String(ports['main']),
        RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
        RABBITMQ_DIST_PORT: String(ports['distribution']),
        RABBITMQ_CONF_ENV_FILE: join(folder, 'rabbitmq-env.conf'),
        RABBITMQ_CONFIG_FILE: config,
        RABBITMQ_ADVANCED_CONFIG_FILE: join(folder, 'advanced.config'),
        RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'data', 'config'),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
        RABBITMQ_MNESIA_BASE: join(folder, 'data'),
        RABBITMQ_MNESIA_DIR: join(folder, 'data', 'node'),
        RABBITMQ_LOG_BASE: join(folder, 'log'),
        RABBITMQ_LOGS: join(folder, 'log', 'rabbit.log'),
        RABBITMQ_PID_FILE: join(folder, 'rabbit.pid'),
        // Without these waits the broker's idle threads leave the cores to us.
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
          '-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none',
        // The start script then becomes the broker, and does not stay as its parent.
        RUNNING_UNDER_SYSTEMD: 'true',
      },
      graceMs: 20_000,
    },
  ];
}
