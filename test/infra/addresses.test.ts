import { expect, test } from '@jest/globals';
import { InsideAddress, mayFollow, publicOnly } from '../../infra/addresses.ts';
import { network } from '../support/network.ts';

test('a redirect may lead to public hosts and to its own, not inside', () => {
  const home = new URL('http://127.0.0.1:8000/of/anna');
  const allowed = (to: string) => mayFollow(new URL(to), home.host);
  expect(allowed('http://127.0.0.1:8000/x')).toBe(true);
  expect(allowed('https://pictures.example/x')).toBe(true);
  expect(allowed('https://203.0.113.7/x')).toBe(true);
  expect(allowed('https://[2001:db8::7]/x')).toBe(true);
  for (const to of [
    'http://127.0.0.1:9000/',
    'http://localhost/',
    'http://redis/',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[64:ff9b::10.0.0.1]/',
    'http://169.254.169.254/latest',
    'http://0x7f.1/',
    'file:///etc/passwd',
  ]) {
    expect([to, allowed(to)]).toEqual([to, false]);
  }
});

test('names that lead to public addresses are looked up as asked', async () => {
  const lookup = publicOnly(
    network({ 'public.example': ['203.0.113.7', '2001:db8::7'], 'inside.example': ['fd00::1'] }),
  );
  const ask = (name: string, all: boolean) =>
    new Promise((resolve) =>
      lookup(name, { all }, (error, address, family) => resolve(error ?? [address, family])),
    );
  expect(await ask('public.example', false)).toEqual(['203.0.113.7', 4]);
  expect(await ask('public.example', true)).toEqual([
    [
      { address: '203.0.113.7', family: 4 },
      { address: '2001:db8::7', family: 6 },
    ],
    undefined,
  ]);
  expect(await ask('inside.example', true)).toBeInstanceOf(InsideAddress);
  expect(await ask('nowhere.example', true)).toEqual(new Error('ENOTFOUND nowhere.example'));
});
