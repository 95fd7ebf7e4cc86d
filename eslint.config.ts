import eslint from '@eslint/js';
import boundaries from 'eslint-plugin-boundaries';
import type { ESLint } from 'eslint';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Folder -> the folders of ours that it may import. */
const mayImport = {
  model: ['model'],
  pipelines: ['pipelines', 'model'],
  infra: ['infra', 'pipelines', 'model'],
  workers: ['workers', 'infra', 'pipelines', 'model'],
  notebooks: ['workers', 'infra', 'pipelines', 'model'],
  test: ['test', 'workers', 'infra', 'pipelines', 'model'],
};

/** What a deterministic room must not touch: the clock, chance, the environment, the console. */
const deterministic = [
  { object: 'Date', property: 'now', message: 'The clock is injected.' },
  { object: 'Math', property: 'random', message: 'Randomness is a seed.' },
];

export default defineConfig(
  // AssemblyScript is checked by its own compiler.
  { ignores: ['node_modules/', '.mondaymix/', 'coverage/', 'model/kernels/assembly/'] },
  eslint.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { boundaries: boundaries as unknown as ESLint.Plugin },
    settings: {
      'import/resolver': { typescript: { project: 'tsconfig.json' } },
      'boundaries/elements': Object.keys(mayImport).map((folder) => ({
        type: folder,
        pattern: `${folder}/**`,
        partialMatch: false,
      })),
    },
    rules: {
      'boundaries/dependencies': [
        'error',
        {
          default: 'disallow',
          policies: Object.entries(mayImport).map(([from, to]) => ({
            from: { element: { type: from } },
            allow: { to: { element: { type: to } } },
          })),
        },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['model/**/*.ts', 'pipelines/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', ...deterministic],
      'no-restricted-globals': ['error', { name: 'process', message: 'Configuration is passed.' }],
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'The clock is injected.',
        },
      ],
    },
  },
  {
    files: ['model/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: '^node:(?!crypto)' }] }],
    },
  },
  { files: ['**/*.mjs'], extends: [tseslint.configs.disableTypeChecked] },
  {
    files: ['**/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly' } },
    rules: { 'no-console': 'off' },
  },
);
