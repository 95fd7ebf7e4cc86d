import type { Command } from 'commander';
import { command, configOf, printJson } from './options.ts';

export function upCommand(): Command {
  return command('up', 'Finds or starts the three servers.', 'up').action(
    async ({ json }: { json?: boolean }, self: Command) => {
      const { createLog } = await import('../../infra/log.ts');
      const { describeServers, ensureServers } = await import('../../infra/servers/index.ts');
      const config = configOf(self);
      await ensureServers(config, createLog(config.logLevel));
      const servers = await describeServers(config.home);
      if (json === true) printJson({ servers });
      else for (const server of servers) process.stdout.write(`${JSON.stringify(server)}\n`);
    },
  );
}

export function downCommand(): Command {
  return command('down', 'Stops the servers that earlier commands started.', 'down').action(
    async ({ json }: { json?: boolean }, self: Command) => {
      const { createLog } = await import('../../infra/log.ts');
      const { stopServers } = await import('../../infra/servers/index.ts');
      const config = configOf(self);
      const stopped = await stopServers(config.home, createLog(config.logLevel));
      if (json === true) printJson({ stopped });
    },
  );
}
