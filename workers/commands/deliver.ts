import type { Command } from 'commander';
import { runDeliver } from '../deliver.ts';
import { deliveryOptions } from '../open-delivery.ts';
import { command, configOf, untilStopped } from './options.ts';

export function deliverCommand(): Command {
  return command(
    'deliver',
    'One more worker that takes batches from RabbitMQ into MongoDB, until it is stopped.',
    'deliver',
  ).action(async (_options: object, self: Command) => {
    await runDeliver(await deliveryOptions(configOf(self), 'deliver'), untilStopped());
  });
}
