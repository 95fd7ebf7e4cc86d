import { setTimeout as pause } from 'node:timers/promises';
import { takeInAudio, type TakenIn } from '../infra/audio/take-in.ts';
import type { Config } from '../infra/config.ts';
import { openLake } from '../infra/lake.ts';
import type { Log } from '../pipelines/ports.ts';
import { openHome } from './home.ts';

/** Between two looks at the folder. */
const restMs = 60_000;

/**
 * `npx mondaymix audio`: brings what the audio folder holds into the lake.
 *
 * @param once - looks once, and resolves; otherwise until the signal aborts
 */
export async function runAudio(
  config: Config,
  log: Log,
  signal: AbortSignal,
  once: boolean,
): Promise<TakenIn | undefined> {
  const home = openHome(config);
  const lake = openLake(config.home);
  let said = '{}';
  for (;;) {
    try {
      const taken = await takeInAudio({
        ...{ home: config.home, lake, signal },
        openSql: () => home.openSql(),
        onFile: ({ path }, outcome) => log.info({ path }, `audio: ${outcome}`),
      });
      if (once) return taken;
      const refused = JSON.stringify(taken.refused);
      if (refused !== said) log.warn({ refused: taken.refused }, 'audio: files of no use');
      said = refused;
      await pause(restMs, undefined, { signal });
    } catch (error) {
      if (!signal.aborted || once) throw error;
      return undefined;
    }
  }
}
