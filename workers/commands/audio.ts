import type { Command } from 'commander';
import { command, configOf, printJson, untilStopped } from './options.ts';

interface Options {
  readonly once?: boolean;
  readonly json?: boolean;
}

export function audioCommand(): Command {
  return command(
    'audio',
    'Brings what recordings sound like into the lake, from WAV, FLAC, MP3 and Ogg Vorbis files in lake/audio of the home, until it is stopped.',
    'audio --once --json',
  )
    .option('--once', 'take in what is there now, and end')
    .action(async (given: Options, self: Command) => {
      const { createLog, logForPeople } = await import('../../infra/log.ts');
      const { runAudio } = await import('../audio.ts');
      const config = configOf(self);
      const { once = false } = given;
      const log = once
        ? logForPeople(config.logLevel)
        : createLog(config.logLevel, { worker: 'audio' });
      const started = performance.now();
      const taken = await runAudio(config, log, untilStopped(), once);
      if (taken === undefined) return;
      const seconds = (performance.now() - started) / 1000;
      const { seconds: soundSeconds, ...counts } = taken;
      if (given.json === true) return printJson({ ...counts, soundSeconds, seconds });
      const refused = Object.entries(taken.refused);
      for (const [reason, files] of refused) log.warn({}, `${files} of no use: ${reason}`);
      log.info(
        {},
        `${taken.files} files: ${taken.analysed} analysed, ${taken.copied} of the same sound, ${taken.known} known before`,
      );
    });
}
