import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { codeVersion } from '../../infra/code-version.ts';
import { temporaryFolder } from '../support/sources.ts';

const home = temporaryFolder();
afterAll(() => home.remove());

const git = (...args: string[]) =>
  execFileSync('git', ['-C', home.path, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
    encoding: 'utf8',
  }).trim();

test('code without a history is known by the version of its package, or not at all', async () => {
  expect(await codeVersion(home.path)).toBe('unknown');
  writeFileSync(join(home.path, 'package.json'), '{"version": "1.2.3"}');
  expect(await codeVersion(home.path)).toBe('1.2.3');
});

test('code with a history is known by its commit, and by whether it has changed since', async () => {
  git('init', '--quiet');
  git('add', 'package.json');
  git('commit', '--quiet', '--message', 'Begin');
  const commit = git('rev-parse', 'HEAD');
  expect(commit).toMatch(/^[0-9a-f]{40}$/);
  expect(await codeVersion(home.path)).toBe(commit);
  writeFileSync(join(home.path, 'package.json'), '{"version": "1.2.4"}');
  expect(await codeVersion(home.path)).toBe(`${commit}-dirty`);
});

test("a copy that lies in somebody else's history is not known by it", async () => {
  const copy = join(home.path, 'copy');
  mkdirSync(copy);
  expect(await codeVersion(copy)).toBe('unknown');
});
