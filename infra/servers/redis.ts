import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerKind } from './kind.ts';
import { pingRedis } from './ping.ts';
import { findProgram } from './process.ts';

export const redis: ServerKind = {
  name: 'redis',
  title: 'Redis',
  variable: 'REDIS_URL',
  aptPackage: 'redis-server',
  url: (port) => `redis://127.0.0.1:${port}`,
  ping: pingRedis,
  async findProgram() {
    const program = await findProgram(
      ['redis-server', 'valkey-server'],
      ['/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'],
    );
    if (program === undefined) return undefined;
    return {
      name: 'redis-server',
      inMemory: false,
      extraPorts: [],
      async prepare(folder, ports) {
        const data = join(folder, 'data');
        await mkdir(data, { recursive: true });
        const settings: Record<string, string> = {
          bind: '127.0.0.1',
          port: String(ports['main']),
          dir: data,
          daemonize: 'no',
          // Every write is in the file before it is answered: nothing is lost with the process.
          appendonly: 'yes',
          save: '',
          // Written anew it takes a processor for a second, and the API's answers wait.
          'auto-aof-rewrite-min-size': '1gb',
          // BullMQ's jobs must never be evicted.
          'maxmemory-policy': 'noeviction',
        };
        const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
        return [{ role: 'server', program, args, env: {}, graceMs: 10_000 }];
      },
    };
  },
};
