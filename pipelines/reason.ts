import type { SourceName } from '../model/candidates/pool.ts';
import type { Names, TrackNames } from './describe.ts';

export function reasonFor(
  track: TrackNames,
  source: SourceName,
  because: number,
  names: Names,
): string {
  return `${source} ${because} ${track.title} ${names.places.length}`;
}
