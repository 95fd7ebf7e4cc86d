import type { Command } from 'commander';
import { command, configOf, metricsOption, printJson, untilStopped } from './options.ts';

interface IngestCommandOptions {
  readonly once?: boolean;
  readonly acceptLoss?: boolean;
  readonly json?: boolean;
}

export function ingestCommand(): Command {
  return command(
    'ingest',
    'Takes what has arrived from the log into the lake, until it is stopped.',
    'ingest --once --json',
  )
    .option('--once', 'take what is there now, and end')
    .option('--accept-loss', 'go on where the log has lost entries that the lake does not hold')
    .addOption(metricsOption())
    .action(async (given: IngestCommandOptions, self: Command) => {
      const { createLog, logForPeople } = await import('../../infra/log.ts');
      const { ensureServers } = await import('../../infra/servers/index.ts');
      const { runIngest } = await import('../ingest.ts');
      const { prepareBeside } = await import('../prepare-beside.ts');
      const { startSourceWatch } = await import('../watch-sources.ts');
      const config = configOf(self);
      const { once = false, acceptLoss = false } = given;
      const log = once
        ? logForPeople(config.logLevel)
        : createLog(config.logLevel, { worker: 'ingest' });
      const signal = untilStopped();
      const servers = await ensureServers(config, log, ['rabbitmq']);
      const watching = { config, log, clock: () => Date.now() };
      const endWatch = once ? undefined : await startSourceWatch(watching);
      const started = performance.now();
      const everyMs = (config.prepareEveryMinutes ?? 0) * 60_000;
      const beside = once || everyMs === 0 ? undefined : prepareBeside({ ...watching, everyMs });
      const onBatch = (batch: object) => {
        log.info({ ...batch }, 'batch');
        beside?.news();
      };
      try {
        const totals = await runIngest(
          {
            ...{ config, servers, log, once, acceptLoss },
            ...(once ? {} : { onBatch }),
          },
          signal,
        );
        const seconds = (performance.now() - started) / 1000;
        if (given.json === true) printJson({ ...totals, seconds });
        else log.info({}, `${totals.added} rows are new in the lake, of ${totals.rows} that came`);
      } catch (error) {
        // Being stopped is how it ends.
        if (once || !signal.aborted) throw error;
      } finally {
        await beside?.dispose();
        await endWatch?.();
      }
    });
}
