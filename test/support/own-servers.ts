import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readConfig, type Config } from '../../infra/config.ts';
import { ensureServers, stopServers, type AnyServerName } from '../../infra/servers/index.ts';
import { readPidFile } from '../../infra/servers/process.ts';
import { patiently, silentLog, testHome } from './servers.ts';

/** A broker that a test has for itself, to kill it. */
export interface OwnBroker {
  /** What finds it; a namespace of its own is to be added. */
  readonly config: Config;
  readonly rabbitmqUrl: string;
  /** SIGKILL; it is gone when this returns. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a broker in a home below the one of the tests, so that what it was fetched with is kept.
 *
 * @param home - name of the home; one for each test file
 */
export async function ownBroker(
  kind: Extract<AnyServerName, 'rabbitmq' | 'kafka'>,
  home: string,
): Promise<OwnBroker> {
  const path = join(testHome, home);
  await mkdir(path, { recursive: true });
  // Whatever the environment names is not to be killed.
  const base = readConfig({ home: path }, {});
  const start = () => patiently(() => ensureServers(base, silentLog, [kind]));
  const servers = await start();
  const brokers = servers.kafkaBrokers?.split(',');
  return {
    config: brokers === undefined ? base : { ...base, kafkaBrokers: brokers },
    rabbitmqUrl: servers.rabbitmqUrl,
    async kill() {
      const server = readPidFile(join(path, 'servers', kind, 'server.pid'))!;
      process.kill(server.pid, 'SIGKILL');
      await gone(server.pid);
    },
    async restart() {
      await start();
    },
    async stop() {
      await stopServers(path);
    },
  };
}

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
