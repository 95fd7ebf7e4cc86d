import { cp, mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../../infra/config.ts';
import { ensureServers, stopServers, type ServerUrls } from '../../infra/servers/index.ts';
import { SERVER_NAMES, type ServerName } from '../../infra/servers/kind.ts';
import { endProcess, isAlive, readPidFile } from '../../infra/servers/process.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { patiently, silentLog, testHome } from '../support/servers.ts';
import { openDoor, type Door } from './door.ts';

/** Servers that belong to the faults alone: private ones, which may be killed. */
export interface FaultServers {
  /** Past the doors: how the test looks on. */
  readonly direct: ServerUrls;
  /** Through the doors: how the workers reach them. */
  readonly urls: ServerUrls;
  readonly doors: Readonly<Record<ServerName, Door>>;
  pid(name: ServerName): number;
  /** SIGKILL. */
  kill(name: ServerName): Promise<void>;
  /** SIGTERM, and the time that it takes to end. */
  stop(name: ServerName): Promise<void>;
  /** Where it was, with the data that it kept. */
  start(name: ServerName): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  freeze(name: ServerName): void;
  thaw(name: ServerName): void;
  /** All up again, their doors open, whatever was done to them. */
  heal(): Promise<void>;
  dispose(): Promise<void>;
}

/** @param home - of these servers alone; its folder stays, so that the next start is quick */
export async function openFaultServers(home: string): Promise<FaultServers> {
  await mkdir(home, { recursive: true });
  await copyJars(home);
  const config = readConfig({ home }, {});
  const direct = await patiently(() => ensureServers(config, silentLog));
  const [rabbitmq, redis, mongodb] = await Promise.all(
    [direct.rabbitmqUrl, direct.redisUrl, direct.mongodbUrl].map(openDoor),
  );
  const doors = { rabbitmq: rabbitmq!, redis: redis!, mongodb: mongodb! };
  const identity = (name: ServerName) => readPidFile(join(home, 'servers', name, 'server.pid'));
  const pid = (name: ServerName) => {
    const found = identity(name);
    if (found === undefined) throw new Error(`${name}: expected a private server of ${home}`);
    return found.pid;
  };
  return {
    direct,
    urls: {
      ...direct,
      rabbitmqUrl: doors.rabbitmq.url,
      redisUrl: doors.redis.url,
      mongodbUrl: doors.mongodb.url,
    },
    doors,
    pid,
    async kill(name) {
      const victim = identity(name);
      process.kill(pid(name), 'SIGKILL');
      while (await isAlive(victim)) await pause(5);
    },
    stop: async (name) => void (await endProcess(identity(name), 30_000)),
    start: async (name) => void (await patiently(() => ensureServers(config, silentLog, [name]))),
    freeze: (name) => process.kill(pid(name), 'SIGSTOP'),
    thaw: (name) => process.kill(pid(name), 'SIGCONT'),
    async heal() {
      for (const name of SERVER_NAMES) {
        doors[name].open();
        doors[name].delay(0);
        if (await isAlive(identity(name))) process.kill(pid(name), 'SIGCONT');
      }
      await patiently(() => ensureServers(config, silentLog));
    },
    async dispose() {
      for (const name of SERVER_NAMES) await doors[name].dispose();
      await stopServers(home);
    },
  };
}

/** The stand-in's jars, where the tests have them already. */
async function copyJars(home: string): Promise<void> {
  const [from, to] = [testHome, home].map((place) => join(place, 'servers', 'mongodb', 'jars'));
  if (existsSync(from!) && !existsSync(to!)) await cp(from!, to!, { recursive: true });
}
