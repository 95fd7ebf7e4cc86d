import { expect, test } from '@jest/globals';
import { readConfig } from '../../infra/config.ts';

const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'hidden' };

test('the files of models are in the home, unless a store is named', () => {
  expect(readConfig({}, keys).models).toBeUndefined();
  expect(readConfig({}, { ...keys, MODELS_URL: 'https://s3.example/bucket/ours' }).models).toEqual({
    url: 'https://s3.example/bucket/ours',
    accessKeyId: 'id',
    secretAccessKey: 'hidden',
    region: 'us-east-1',
  });
});

test.each<[Record<string, string>, string]>([
  [
    { ...keys, MODELS_URL: 'https://s3.example/' },
    'environment variable MODELS_URL: expected a bucket, perhaps with a folder, such as https://s3.example/bucket/folder, got "https://s3.example/"',
  ],
  [
    { MODELS_URL: 'https://s3.example/bucket' },
    'environment variable AWS_ACCESS_KEY_ID: expected the key of the store that MODELS_URL names, got ""',
  ],
  [
    { MODELS_URL: 'https://s3.example/bucket', AWS_ACCESS_KEY_ID: 'id' },
    'environment variable AWS_SECRET_ACCESS_KEY: expected the secret key of the store that MODELS_URL names, got ""',
  ],
])('%j is refused', (env, message) => {
  expect(() => readConfig({}, env)).toThrow(
    expect.objectContaining({ code: 'CONFIGURATION', message }),
  );
});
