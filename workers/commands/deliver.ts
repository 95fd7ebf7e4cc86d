import type { Command } from 'commander';
import { configOf, metricsOption, service, untilStopped } from './options.ts';

export function deliverCommand(): Command {
  return service(
    'deliver',
    'One more worker that takes batches from RabbitMQ into MongoDB, until it is stopped.',
    'deliver',
  )
    .addOption(metricsOption())
    .action(async (_options: object, self: Command) => {
      const { runDeliver } = await import('../deliver.ts');
      const { deliveryOptions } = await import('../open-delivery.ts');
      await runDeliver(await deliveryOptions(configOf(self), 'deliver'), untilStopped());
    });
}
