import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openTokens, tokenSecret } from '../../infra/tokens.ts';
import { temporaryFolder } from '../support/sources.ts';

const home = temporaryFolder();
const secret = new Uint8Array(32).fill(7);
const issuedAt = Date.parse('2014-09-01T00:00:00Z');
const day = 86_400_000;

afterAll(() => home.remove());

const at = (instant: number, key = secret) => openTokens(key, () => instant);
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('a token says who asks, until its days are over', async () => {
  const listener = { scope: 'listener', user: 'ana/é' } as const;
  const token = await at(issuedAt).issue(listener, 30);
  expect(await at(issuedAt).verify(token)).toEqual(listener);
  expect(await at(issuedAt + 30 * day - 1000).verify(token)).toEqual(listener);
  expect(await at(issuedAt + 30 * day).verify(token)).toBeUndefined();
  const operations = await at(issuedAt).issue({ scope: 'operations' }, 0.5);
  expect(await at(issuedAt + day / 2 - 1000).verify(operations)).toEqual({ scope: 'operations' });
  expect(await at(issuedAt + day / 2).verify(operations)).toBeUndefined();
});

test('a token that was verified before is worthless once it has expired', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const tokens = openTokens(new Uint8Array(32).fill(1), () => now);
  const token = await tokens.issue({ scope: 'listener', user: 'ana' }, 1);
  for (let n = 0; n < 2; n++) expect(await tokens.verify(token)).toMatchObject({ user: 'ana' });
  now += 86_400_000 - 1;
  expect(await tokens.verify(token)).toMatchObject({ user: 'ana' });
  now += 1;
  expect(await tokens.verify(token)).toBeUndefined();
  expect(await tokens.verify(`${token}x`)).toBeUndefined();
});

test('a token of another secret or another issuer is none of ours', async () => {
  const other = new Uint8Array(32).fill(8);
  const token = await at(issuedAt, other).issue({ scope: 'operations' }, 1);
  expect(await at(issuedAt).verify(token)).toBeUndefined();
});

test('a token that was changed is worthless: another user, scope, or no signature', async () => {
  const token = await at(issuedAt).issue({ scope: 'listener', user: 'ana' }, 1);
  const [head, body, signature] = token.split('.') as [string, string, string];
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
  const forged = [
    `${head}.${base64({ ...claims, sub: 'budi' })}.${signature}`,
    `${head}.${base64({ ...claims, scope: 'operations' })}.${signature}`,
    `${base64({ alg: 'none' })}.${body}.`,
    `${base64({ alg: 'none' })}.${base64({ ...claims, scope: 'operations' })}.`,
    `${head}.${body}.`,
    `${head}.${body}`,
  ];
  for (const one of forged) expect(await at(issuedAt).verify(one)).toBeUndefined();
  expect(await at(issuedAt).verify(token)).toBeDefined();
});

test('whatever is sent as a token, it is refused and nothing is thrown', async () => {
  const part = fc.oneof(
    fc.string(),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
  );
  const token = fc.oneof(
    fc.string(),
    fc.tuple(part, part, part).map((parts) => parts.join('.')),
  );
  await fc.assert(
    fc.asyncProperty(token, async (text) => {
      expect(await at(issuedAt).verify(text)).toBeUndefined();
    }),
  );
});

test('the secret of a home is made once, for its owner only', async () => {
  const folder = join(home.path, 'fresh', 'home');
  const [one, two, ...others] = await Promise.all(
    Array.from({ length: 8 }, () => tokenSecret(folder)),
  );
  expect(one).toHaveLength(32);
  for (const other of [two!, ...others, await tokenSecret(folder)]) {
    expect(Buffer.from(other).equals(Buffer.from(one!))).toBe(true);
  }
  expect((await stat(join(folder, 'token-secret'))).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['token-secret']);
});

test('a secret that is none is told, and not replaced', async () => {
  const path = join(home.path, 'token-secret');
  await writeFile(path, 'hello');
  await expect(tokenSecret(home.path)).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: `${path}: expected 64 hexadecimal digits; delete the file`,
  });
  expect(await readFile(path, 'utf8')).toBe('hello');
});

test('a secret that cannot be read is told, and not replaced', async () => {
  const folder = join(home.path, 'unreadable');
  const path = join(folder, 'token-secret');
  await mkdir(path, { recursive: true });
  await expect(tokenSecret(folder)).rejects.toMatchObject({
    code: 'CONFIGURATION',
    message: `${path}: expected a readable file, got EISDIR`,
  });
});
