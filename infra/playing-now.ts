import type { Redis } from 'ioredis';
import type { CheckedListen } from './http/listens-check.ts';

/** What each listener is playing, until it ends. */
export interface PlayingNow {
  /** @throws Error where Redis is away */
  put(listener: string, listen: CheckedListen): Promise<void>;
  /** @throws Error where Redis is away */
  get(listener: string): Promise<CheckedListen | undefined>;
}

/** Seconds for which a track plays that does not say how long it is, as on ListenBrainz. */
export const playingForS = 600;

/** @param redis - one that fails where there is no connection, rather than to wait for it */
export function openPlayingNow(redis: Redis, namespace: string): PlayingNow {
  return {
    async put(listener, listen) {
      const key = playingNowKey(namespace, listener);
      await redis.set(key, JSON.stringify(listen), 'EX', lengthS(listen));
    },
    async get(listener) {
      const json = await redis.get(playingNowKey(namespace, listener));
      return json === null ? undefined : (JSON.parse(json) as CheckedListen);
    },
  };
}

/** Where it is kept in Redis. */
export function playingNowKey(namespace: string, listener: string): string {
  return `${namespace}:playing-now:${listener}`;
}

function lengthS({ additionalInfo = {} }: CheckedListen): number {
  const { duration, duration_ms } = additionalInfo;
  if (typeof duration === 'number') return duration;
  if (typeof duration_ms === 'number') return Math.max(1, Math.floor(duration_ms / 1000));
  return playingForS;
}
