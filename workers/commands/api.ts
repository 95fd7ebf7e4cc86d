import type { Command } from 'commander';
import { runApi } from '../api.ts';
import { deliveryOptions } from '../open-delivery.ts';
import { command, configOf, untilStopped, wholeNumber } from './options.ts';

export function apiCommand(): Command {
  return command('api', 'Serves the lists over HTTP, until it is stopped.', 'api --port 8080')
    .option('--port <number>', 'TCP port, 0 for a free one (default: 8080)', wholeNumber(0))
    .action(async ({ port }: { port?: number }, self: Command) => {
      const config = configOf(self);
      const options = await deliveryOptions(config, 'api');
      await runApi(
        options,
        { ...config.api, ...(port === undefined ? {} : { port }) },
        untilStopped(),
      );
    });
}
