import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServerKind, Way } from './kind.ts';
import { pingMongodb } from './ping.ts';
import { findProgram } from './process.ts';

export const mongodb: ServerKind = {
  name: 'mongodb',
  title: 'MongoDB',
  variable: 'MONGODB_URL',
  // Not in Debian since its licence changed.
  aptPackage: undefined,
  url: (port) => `mongodb://127.0.0.1:${port}/?directConnection=true`,
  ping: pingMongodb,
  async findProgram() {
    const program = await findProgram(
      ['mongod'],
      ['/usr/local/bin', '/opt/homebrew/bin', '/opt/mongodb/bin'],
    );
    return program === undefined ? undefined : mongodAt(program);
  },
};

/** Runs this mongod, with its data kept in the home. */
export function mongodAt(program: string): Way {
  return {
    name: 'mongod',
    inMemory: false,
    extraPorts: [],
    async prepare(folder, ports) {
      const data = join(folder, 'data');
      await mkdir(data, { recursive: true });
      const args = ['--port', String(ports['main']), '--bind_ip', '127.0.0.1', '--dbpath', data];
      return [
        {
          role: 'server',
          program,
          args: [...args, '--nounixsocket', '--quiet'],
          env: {},
          graceMs: 20_000,
        },
      ];
    },
  };
}
