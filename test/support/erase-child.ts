import { operations } from './dying-operations.ts';
import { join } from 'node:path';
import { openArtifacts } from '../../infra/artifacts.ts';
import { readConfig } from '../../infra/config.ts';
import { openListArchive } from '../../infra/list-archive.ts';
import { eraseListener } from '../../workers/erase.ts';
import { sharedServers, silentLog } from './servers.ts';

/** Erases a listener, a line for each step, so that a test can kill it there, or where it says. */
const [home, namespace, listener] = process.argv.slice(2) as [string, string, string];
const report = await eraseListener(
  {
    config: { ...readConfig({ home }, {}), namespace },
    servers: await sharedServers(),
    archive: openListArchive(home, openArtifacts(join(home, 'artifacts'))),
    clock: () => Date.now(),
    log: silentLog,
    signal: new AbortController().signal,
    onStep: (step) => process.stdout.write(`${step}\n`),
  },
  listener,
);
if (report.found.length > 0) process.exitCode = 1;
process.stdout.write(`operations ${operations()}\n`);
