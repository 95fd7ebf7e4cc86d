import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSigner, createVerifier, TokenError } from 'fast-jwt';
import { z } from 'zod';
import { Mistake } from '../model/mistake.ts';
import type { Clock } from '../pipelines/ports.ts';
import { Recent } from './recent.ts';

/** Who asks: a listener, who reads their own lists; or operations, who read and order all. */
export type Bearer =
  { readonly scope: 'listener'; readonly user: string } | { readonly scope: 'operations' };

export interface Tokens {
  /** @param days - validity, > 0 */
  issue(bearer: Bearer, days: number): Promise<string>;
  /** Undefined for a token that is not ours, was changed or has expired. */
  verify(token: string): Promise<Bearer | undefined>;
}

const issuer = 'mondaymix';
const claims = z.discriminatedUnion('scope', [
  z.object({ scope: z.literal('listener'), sub: z.string().min(1), exp: z.number() }),
  z.object({ scope: z.literal('operations'), exp: z.number() }),
]);

/**
 * Bearer tokens: JSON Web Tokens (RFC 7519), signed with HS256. Nothing is stored for them; a new
 * secret makes all that were issued worthless.
 *
 * @param secret - at least 32 bytes
 */
export function openTokens(secret: Uint8Array, clock: Clock): Tokens {
  // A client asks again with the same token: its signature stays good until it expires.
  const verified = new Recent<Bearer>(20_000);
  const key = Buffer.from(secret);
  const sign = createSigner({ key, algorithm: 'HS256' });
  // Whether it has expired is asked of our clock, below.
  const verify = createVerifier({
    ...{ key, algorithms: ['HS256'], allowedIss: issuer },
    ...{ ignoreExpiration: true, ignoreNotBefore: true, cache: false },
  });

  function bearerOf(token: string): Bearer | undefined {
    const now = clock();
    const known = verified.get(token, now);
    if (known !== undefined) return known;
    try {
      const payload = claims.parse(verify(token));
      const until = payload.exp * 1000;
      if (now >= until) return undefined;
      const bearer: Bearer =
        payload.scope === 'listener'
          ? { scope: 'listener', user: payload.sub }
          : { scope: 'operations' };
      verified.set(token, bearer, until);
      return bearer;
    } catch (error) {
      if (error instanceof TokenError || error instanceof z.ZodError) return undefined;
      throw error;
    }
  }

  return {
    issue(bearer, days) {
      const iat = Math.floor(clock() / 1000);
      const exp = iat + Math.round(days * 86_400);
      const about = bearer.scope === 'listener' ? { sub: bearer.user } : {};
      return Promise.resolve(sign({ scope: bearer.scope, ...about, iss: issuer, iat, exp }));
    },
    verify: (token) => Promise.resolve(bearerOf(token)),
  };
}

/**
 * The signing secret of a home, made on first use and readable by its owner only.
 *
 * @throws Mistake `CONFIGURATION` where the file holds something else
 */
export async function tokenSecret(home: string): Promise<Uint8Array> {
  const path = join(home, 'token-secret');
  let text = await readSecret(path);
  if (text === undefined) {
    await mkdir(home, { recursive: true });
    await makeSecret(path);
    text = await readSecret(path); // another process may have been the first
  }
  if (text === undefined || !/^[0-9a-f]{64}$/.test(text.trim())) {
    throw new Mistake('CONFIGURATION', `${path}: expected 64 hexadecimal digits; delete the file`);
  }
  return Buffer.from(text.trim(), 'hex');
}

async function readSecret(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new Mistake('CONFIGURATION', `${path}: expected a readable file, got ${error.code}`, {
      cause: error,
    });
  });
}

/** Whole or not at all, and never in place of one that is there: tokens are signed with that. */
async function makeSecret(path: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, randomBytes(32).toString('hex'), { mode: 0o600 });
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
}
