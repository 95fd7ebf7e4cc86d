import type { Command } from 'commander';
import type { CrawlReport } from '../crawl.ts';
import { command, configOf, metricsOption, printJson, untilStopped } from './options.ts';

export function crawlCommand(): Command {
  return command(
    'crawl',
    'Reads feeds and pages into the log, each source at its interval, until it is stopped.',
    'crawl --once',
  )
    .option('--once', 'visit what is due, and end')
    .addOption(metricsOption())
    .action(async ({ once, json }: { once?: boolean; json?: boolean }, self: Command) => {
      const { readCrawlFile } = await import('../../infra/crawl/file.ts');
      const { createLog, logForPeople } = await import('../../infra/log.ts');
      const { openMetrics } = await import('../../infra/metrics.ts');
      const { ensureServers } = await import('../../infra/servers/index.ts');
      const { crawlOnce, runCrawl } = await import('../crawl.ts');
      const { contactOf } = await import('../open-crawl.ts');
      const signal = untilStopped();
      const config = configOf(self);
      // Before any server is started for it.
      const file = await readCrawlFile(config.crawl?.sources);
      contactOf(config);
      const log =
        once === true
          ? logForPeople(config.logLevel)
          : createLog(config.logLevel, { worker: 'crawl' });
      const servers = await ensureServers(config, log);
      const options = { config, servers, file, clock: () => Date.now(), log };
      if (once !== true) return runCrawl({ ...options, metrics: openMetrics() }, signal);
      const report = await crawlOnce(options, signal);
      if (json === true) printJson(report);
      else process.stdout.write(`${line(report)}\n`);
    });
}

function line(report: CrawlReport): string {
  const { sources, visits, articles, unchanged, duplicates, skipped, failures, parked } = report;
  return (
    `${sources} sources, ${visits} visits: ${articles} articles taken, ${unchanged} unchanged, ` +
    `${duplicates} duplicates, ${skipped} skipped, ${failures} failures; ${parked} sources parked`
  );
}
