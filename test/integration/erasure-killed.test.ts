import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import { openArtifacts } from '../../infra/artifacts.ts';
import { openListArchive } from '../../infra/list-archive.ts';
import { eraseListener, searchListener } from '../../workers/erase.ts';
import { deliverHome, gone, removeNamespace } from '../support/delivered-home.ts';
import { sharedServers, silentLog } from '../support/servers.ts';
import { temporaryFolder } from '../support/sources.ts';

const project = resolve(import.meta.dirname, '..', '..');

test.each([1, 4, 7, 9, 12, 14])(
  'an erasure that is killed after step %i is finished by the next call',
  async (steps) => {
    const root = temporaryFolder();
    const config = await deliverHome(root.path, `t${randomUUID().slice(0, 8)}`);
    const servers = await sharedServers();
    try {
      const child = spawn(
        process.execPath,
        [
          ...['--import', 'tsx', join(project, 'test/support/erase-child.ts')],
          ...[config.home, config.namespace, gone],
        ],
        { cwd: project, stdio: ['ignore', 'pipe', 'ignore'] },
      );
      let seen = 0;
      createInterface({ input: child.stdout }).on('line', () => {
        if (++seen === steps) child.kill('SIGKILL');
      });
      await once(child, 'close');
      expect(seen).toBeGreaterThanOrEqual(steps);
      const erasing = {
        ...{ config, servers, log: silentLog, clock: () => Date.now() },
        archive: openListArchive(config.home, openArtifacts(join(config.home, 'artifacts'))),
        signal: new AbortController().signal,
      };
      const report = await eraseListener(erasing, gone);
      expect(report.found).toEqual([]);
      expect(report.finishedAt).not.toBeNull();
      expect(await searchListener(erasing, gone)).toEqual([]);
    } finally {
      await removeNamespace(config);
      root.remove();
    }
  },
  600_000,
);
