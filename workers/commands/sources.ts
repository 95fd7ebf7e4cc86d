import type { Command } from 'commander';
import type { SourceStatus } from '../../pipelines/sources/status.ts';
import { command, configOf, printJson } from './options.ts';

export function sourcesCommand(): Command {
  return command(
    'sources',
    'Shows each source of data with its freshness, lag, last error and counts; stale ones are marked.',
    'sources',
  ).action(async ({ json }: { json?: boolean }, self: Command) => {
    const { logForPeople } = await import('../../infra/log.ts');
    const { openMongo } = await import('../../infra/mongo.ts');
    const { ensureServers } = await import('../../infra/servers/index.ts');
    const { openSourceStatuses } = await import('../source-statuses.ts');
    const { sourceLines } = await import('./sources-text.ts');
    const config = configOf(self);
    const log = logForPeople(config.logLevel);
    const servers = await ensureServers(config, log);
    const mongo = await openMongo({ url: servers.mongodbUrl, database: config.namespace });
    let sources: SourceStatus[];
    try {
      sources = await openSourceStatuses({ config, servers, clock: () => Date.now() }, mongo.db)();
    } finally {
      await mongo.dispose();
    }
    const stale = sources.filter(({ isStale }) => isStale).length;
    if (json === true) printJson({ sources, stale });
    else process.stdout.write(`${sourceLines(sources).join('\n')}\n`);
  });
}
