import type { Command } from 'commander';
import { Mistake } from '../../model/mistake.ts';
import { configOf, service, untilStopped, wholeNumber } from './options.ts';

export function apiCommand(): Command {
  return service('api', 'Serves the lists over HTTP, until it is stopped.', 'api --port 8080')
    .addOption(wholeNumber('--port <number>', 'TCP port, 0 for a free one (default: 8080)', 0))
    .action(async ({ port }: { port?: number }, self: Command) => {
      const { runApi } = await import('../api.ts');
      const { deliveryOptions } = await import('../open-delivery.ts');
      const config = configOf(self);
      const options = await deliveryOptions(config, 'api');
      const place = { ...config.api, ...(port === undefined ? {} : { port }) };
      await runApi(options, place, untilStopped()).catch((error: NodeJS.ErrnoException) => {
        if (error.syscall !== 'listen') throw error;
        throw new Mistake(
          'CONFIGURATION',
          `expected to listen on port ${place.port} of ${place.host}, got "${error.message}"; set API_HOST, API_PORT or --port`,
          { cause: error },
        );
      });
    });
}
