import type { FastifyRequest } from 'fastify';
import { Refusal, retryAfterS } from './listens-errors.ts';

/**
 * Keeps count of the bytes of requests that are being read, checked or written down, so that a slow
 * broker makes clients wait rather than this process grow.
 *
 * @param maxBytes - what may be under way at a time
 * @param maxRequestBytes - what a request counts as that does not tell its length
 */
export function boundWaiting(maxBytes: number, maxRequestBytes: number) {
  let waiting = 0;
  return {
    /** @throws Refusal 503 where there is no room */
    enter({ headers, raw }: FastifyRequest, socket: { once(event: 'close', f: () => void): void }) {
      const told = Number(headers['content-length'] ?? NaN);
      const bytes =
        told >= 0 ? Math.min(told, maxRequestBytes) : raw.method === 'GET' ? 0 : maxRequestBytes;
      if (waiting > 0 && waiting + bytes > maxBytes) throw busy();
      waiting += bytes;
      socket.once('close', () => {
        waiting -= bytes;
      });
    },
  };
}

/** What is said where listens cannot be written down. */
export function busy(): Refusal {
  return new Refusal(503, 'Cannot submit listens to queue, please try again later.', {
    retryAfterS,
  });
}
