import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { notebooksFolder } from '../../infra/jupyter.ts';
import { readNotebook } from '../support/notebooks.ts';

const names = readdirSync(notebooksFolder).filter((file) => file.endsWith('.ipynb'));

describe.each(names)('The notebook %s', (name) => {
  const { cells, metadata } = readNotebook(join(notebooksFolder, name));
  const codes = cells.filter(({ cell_type }) => cell_type === 'code');

  test('is kept without outputs: npx mondaymix notebooks --execute makes them', () => {
    for (const { id, outputs, execution_count } of codes) {
      expect([id, outputs, execution_count]).toEqual([id, [], null]);
    }
  });

  test('is TypeScript for the kernel of the set-up, with a name for each cell', () => {
    expect(metadata.kernelspec).toEqual(
      expect.objectContaining({ name: 'deno', language: 'typescript' }),
    );
    const ids = cells.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('imports modules of the project that are there, and nothing else', () => {
    const imported = codes.flatMap(({ source }) =>
      [...source.matchAll(/from '([^']+)'/g)].map(([, module]) => module!),
    );
    expect(imported.length).toBeGreaterThan(3);
    for (const module of imported) {
      expect([module, module.startsWith('../')]).toEqual([module, true]);
      expect([module, existsSync(join(notebooksFolder, module))]).toEqual([module, true]);
    }
  });

  test('has no logic of its own: no functions, classes or loops', () => {
    for (const { id, source } of codes) {
      expect([id, source]).toEqual([
        id,
        expect.not.stringMatching(/\b(function|class|for|while) ?[({\w]/),
      ]);
    }
  });

  test('shows only what a headless run waits for', () => {
    for (const { id, source } of codes) {
      expect([id, source]).toEqual([
        id,
        expect.not.stringMatching(/console\.|(?<!await )\bshow(Table|Figure|Text)\(/),
      ]);
    }
  });
});

test('What the notebooks are run with is pinned, each with its hashes', () => {
  for (const name of ['requirements.txt', 'requirements-lab.txt']) {
    const lines = readFileSync(join(notebooksFolder, name), 'utf8').split('\n');
    const packages = lines.filter((line) => /^[a-z0-9]/i.test(line));
    expect(packages.filter((line) => !/^[a-z0-9._-]+==\S+( ;.*)? \\$/i.test(line))).toEqual([]);
    expect(packages.some((line) => line.startsWith('deno=='))).toBe(true);
    for (const line of packages) {
      expect([line, lines[lines.indexOf(line) + 1]]).toEqual([
        line,
        expect.stringMatching(/^ {4}--hash=sha256:[0-9a-f]{64}/),
      ]);
    }
  }
});
