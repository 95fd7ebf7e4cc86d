import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { ServerName } from '../../infra/servers/kind.ts';
import { heldBy, type Run } from './run.ts';
import { alwaysFails, cannotBeParsed } from './bad-messages.ts';
import { badPictures } from './bad-pictures.ts';

/** One kind of fault. */
export interface Fault {
  readonly name: string;
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  /** Workers besides the scheduler. Default: one that delivers. */
  readonly workers?: readonly ('deliver' | 'scheduler')[];
  /** Whether the listeners have a picture host. */
  readonly pictures?: boolean;
  /** Largest number of listeners; default as the plan has it. */
  readonly maxListeners?: number;
  /** Before the workers begin. */
  prepare?(run: Run): Promise<void>;
  /** Does the harm, and undoes it: servers are up again and killed workers replaced. */
  strike(run: Run): Promise<void>;
  /** When all is settled: checks of its own, and what brings it to a good end. */
  after?(run: Run): Promise<void>;
}

const workerKilled: Fault = {
  name: 'deliver worker killed',
  weight: 50,
  async strike(run) {
    const [, worker] = run.workers;
    await run.kill(worker!);
    await run.start('deliver');
  },
};

const allWorkersKilled: Fault = {
  name: 'all workers killed, several times',
  weight: 18,
  async strike(run) {
    for (let kill = 1 + run.random.int(3); kill > 0; kill--) {
      for (const worker of [...run.workers]) await run.kill(worker);
      await run.start('scheduler');
      await run.start('deliver');
      // As soon as they have something in hand, or have nothing more to do.
      for (let waited = 0; heldBy(run.workers) === 0 && waited < 3000; waited += 5) await pause(5);
      await pause(run.random.int(60));
    }
  },
};

const schedulerKilled: Fault = {
  name: 'scheduler killed beside a second one',
  weight: 20,
  workers: ['scheduler', 'deliver'],
  async strike(run) {
    await run.kill(run.workers[run.random.int(2)]!);
    await pause(run.random.int(200));
    await run.start('scheduler');
  },
};

const rabbitmqStopped: Fault = {
  name: 'RabbitMQ stopped and started',
  weight: 8,
  async strike({ servers, hit }) {
    hit(servers.pid('rabbitmq'));
    await servers.stop('rabbitmq');
    await servers.start('rabbitmq');
  },
};

const rabbitmqKilled: Fault = {
  name: 'RabbitMQ killed and started',
  weight: 10,
  async strike({ servers, hit }) {
    hit(servers.pid('rabbitmq'));
    await servers.kill('rabbitmq');
    await servers.start('rabbitmq');
  },
};

const redisEmptied: Fault = {
  name: 'Redis emptied and restarted',
  weight: 14,
  async strike({ servers, hit }) {
    hit(servers.pid('redis'));
    const redis = new Redis(servers.direct.redisUrl);
    await redis.flushall();
    redis.disconnect();
    await servers.kill('redis');
    await servers.start('redis');
  },
};

const connectionsCut = (server: ServerName, name: string, weight: number): Fault => ({
  name,
  weight,
  async strike({ servers, hit, plan }) {
    hit(servers.pid(server));
    servers.doors[server].shut();
    await pause(plan.awayMs);
    servers.doors[server].open();
  },
});

const mongodbFrozen: Fault = {
  name: 'MongoDB frozen (SIGSTOP)',
  weight: 12,
  async strike({ servers, hit, plan }) {
    hit(servers.pid('mongodb'));
    servers.freeze('mongodb');
    await pause(plan.awayMs);
    servers.thaw('mongodb');
  },
};

/** Only where a mongod keeps its data: the stand-in would have nothing left. */
export const mongodbKilled: Fault = {
  name: 'MongoDB killed and started',
  weight: 12,
  async strike({ servers, hit }) {
    hit(servers.pid('mongodb'));
    await servers.kill('mongodb');
    await servers.start('mongodb');
  },
};

export const mongodbAway = 'MongoDB cut off';

export const faults: readonly Fault[] = [
  workerKilled,
  allWorkersKilled,
  schedulerKilled,
  rabbitmqStopped,
  rabbitmqKilled,
  connectionsCut('rabbitmq', 'RabbitMQ cut off', 18),
  redisEmptied,
  connectionsCut('redis', 'Redis cut off', 6),
  connectionsCut('mongodb', mongodbAway, 16),
  mongodbFrozen,
  cannotBeParsed,
  alwaysFails,
  ...badPictures,
];
