import { AudioAnalysis, type AudioFeatures } from '../../model/audio/analyse.ts';
import { audioLimits, BrokenAudio, decodeAudio, type AudioLimits } from './decode.ts';

/**
 * The features of a file, decoded piece by piece: memory does not grow with its length.
 *
 * @throws BrokenAudio; what the signal says when it aborts
 */
export async function analyseFile(
  path: string,
  limits: AudioLimits = audioLimits,
  signal?: AbortSignal,
): Promise<AudioFeatures> {
  let analysis: AudioAnalysis | undefined;
  for await (const { channels, sampleRate } of decodeAudio(path, limits)) {
    signal?.throwIfAborted();
    analysis ??= new AudioAnalysis(sampleRate);
    // Small pieces, so that other work of the process goes on in between.
    for (let from = 0; from < channels[0]!.length; from += pieceSamples) {
      analysis.push(channels.map((channel) => channel.subarray(from, from + pieceSamples)));
    }
  }
  if (analysis === undefined) throw new BrokenAudio('expected sound, got none');
  return analysis.features();
}

const pieceSamples = 65_536;
