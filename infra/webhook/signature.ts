import { createHmac } from 'node:crypto';

/**
 * The headers of one attempt, after Standard Webhooks 1.0 (standardwebhooks.com): the signature is
 * the HMAC-SHA-256 over `id.timestamp.body`, in base64, `v1,` before it. A receiver refuses what
 * does not match, or is older than a few minutes, and takes the same id once.
 *
 * @param secret - see {@link secretPattern}
 * @param at - of this attempt, milliseconds since 1970
 */
export function signedHeaders(
  id: string,
  body: string,
  secret: string,
  at: number,
): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000));
  const signature = createHmac('sha256', keyOf(secret))
    .update(`${id}.${timestamp}.${body}`)
    .digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}

/** `whsec_` and at least 24 bytes in base64, as the convention writes secrets. */
export const secretPattern = /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/;

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice('whsec_'.length), 'base64');
}
