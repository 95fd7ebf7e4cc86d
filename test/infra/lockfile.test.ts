import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { completeLockfile, type Lockfile } from '../../infra/lockfile.ts';

test('the lock file of this project names the binaries of every platform: npm run lock', () => {
  const file = join(import.meta.dirname, '..', '..', 'package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8')) as Lockfile;
  const absent = Object.keys(completeLockfile(lock).packages).filter(
    (path) => !(path in lock.packages),
  );
  expect(absent).toEqual([]);
});

test('the lock file of this project names no download addresses', () => {
  const file = join(import.meta.dirname, '..', '..', 'package-lock.json');
  expect(readFileSync(file, 'utf8')).not.toMatch(/"resolved": "http/);
});

test('a binary that npm left out is added in its place, for its platform', () => {
  const lock = {
    lockfileVersion: 3,
    packages: {
      '': {},
      'node_modules/a': {
        version: '1.2.3',
        dev: true,
        optionalDependencies: { '@b/a-linux-arm64-musl': '1.2.3', '@b/a-win32-x64': '1.2.3' },
      },
      'node_modules/@b/a-win32-x64': { version: '1.2.3', optional: true },
    },
  };
  const complete = completeLockfile(lock);
  expect(Object.keys(complete.packages)).toEqual([
    '',
    'node_modules/@b/a-linux-arm64-musl',
    'node_modules/@b/a-win32-x64',
    'node_modules/a',
  ]);
  expect(complete.packages).toHaveProperty(['node_modules/@b/a-linux-arm64-musl'], {
    version: '1.2.3',
    os: ['linux'],
    cpu: ['arm64'],
    libc: ['musl'],
    dev: true,
    optional: true,
  });
  expect(completeLockfile(complete)).toEqual(complete);
});

test('a binary that lies inside its package or beside it is there already', () => {
  const packages = {
    'node_modules/x/node_modules/a': { version: '1.0.0', optionalDependencies: { b: '1.0.0' } },
    'node_modules/x/node_modules/b': { version: '1.0.0' },
  };
  expect(completeLockfile({ packages }).packages).toEqual(packages);
});

test('a range cannot be completed', () => {
  const packages = { 'node_modules/a': { optionalDependencies: { 'a-linux-x64': '^1.0.0' } } };
  expect(() => completeLockfile({ packages })).toThrow(
    'node_modules/a: expected the exact version of a-linux-x64, got ^1.0.0',
  );
});
