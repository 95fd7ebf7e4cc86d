import { Refusal } from '../../infra/http/listens-errors.ts';

/** Seconds since 1970. */
export const nowS = 1_790_000_000;

/** A listen as clients submit it. */
export const listen = (more: object = {}, info?: unknown) => ({
  listened_at: 1_443_521_965,
  track_metadata: {
    artist_name: 'Rick Astley',
    track_name: 'Never Gonna Give You Up',
    ...(info === undefined ? {} : { additional_info: info }),
  },
  ...more,
});
/** The same while it plays. */
export const playing = (more: object = {}) => ({
  track_metadata: listen().track_metadata,
  ...more,
});

/** @throws Error where the work is not refused */
export function refusalOf(work: () => unknown): Refusal {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('expected a refusal, got none');
}
