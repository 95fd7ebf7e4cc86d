import type { Command } from 'commander';
import type { ServerDescription } from '../../infra/servers/index.ts';
import { command, configOf, printJson } from './options.ts';

export function upCommand(): Command {
  return command('up', 'Finds or starts the three servers.', 'up').action(
    async ({ json }: { json?: boolean }, self: Command) => {
      const { logForPeople } = await import('../../infra/log.ts');
      const { describeServers, ensureServers } = await import('../../infra/servers/index.ts');
      const config = configOf(self);
      await ensureServers(config, logForPeople(config.logLevel));
      const servers = await describeServers(config);
      if (json === true) printJson({ servers });
      else for (const server of servers) process.stdout.write(`${lineOf(server)}\n`);
    },
  );
}

function lineOf({ name, way = '', running, url, inMemory }: ServerDescription): string {
  const notes = [
    ...(running ? [] : ['does not run']),
    ...(inMemory ? ['data in memory only'] : []),
  ];
  return [name.padEnd(10), way.padEnd(17), url, ...notes.map((note) => ` (${note})`)].join('');
}

export function downCommand(): Command {
  return command('down', 'Stops the servers that earlier commands started.', 'down').action(
    async ({ json }: { json?: boolean }, self: Command) => {
      const { stopServers } = await import('../../infra/servers/index.ts');
      const stopped = await stopServers(configOf(self).home);
      if (json === true) printJson({ stopped });
      else if (stopped.length === 0) process.stdout.write('no servers were running\n');
      else process.stdout.write(`stopped ${stopped.join(', ')}\n`);
    },
  );
}
