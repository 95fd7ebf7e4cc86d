import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import S3rver from 's3rver';
import { cachedFiles, sendUnsent } from '../../infra/models/cached-files.ts';
import { openFolderFiles } from '../../infra/models/folder-files.ts';
import { openS3Files } from '../../infra/models/s3-files.ts';
import type { ModelFiles } from '../../pipelines/models.ts';
import { createRandom } from '../../model/random.ts';
import { silentLog } from '../support/servers.ts';
import { temporaryFolder } from '../support/sources.ts';

const home = temporaryFolder();
const server = new S3rver({
  port: 0,
  address: '127.0.0.1',
  silent: true,
  directory: join(home.path, 's3'),
  configureBuckets: [{ name: 'models' }],
});
let origin: string;

beforeAll(async () => {
  const { port } = await server.run();
  origin = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  await server.close();
  home.remove();
});

const s3 = (path: string, at = origin) =>
  openS3Files({
    url: `${at}/${path}`,
    accessKeyId: 'S3RVER',
    secretAccessKey: 'S3RVER',
    region: 'us-east-1',
    patienceMs: 5_000,
  });

const adapters: Record<string, () => ModelFiles> = {
  'a folder': () => openFolderFiles(join(home.path, 'folder')),
  'a bucket': () => s3('models'),
  'a folder of a bucket': () => s3('models/of/ours'),
  'a bucket, kept in a folder': () =>
    cachedFiles(s3('models/cached'), openFolderFiles(join(home.path, 'cache')), silentLog),
};

describe.each(Object.entries(adapters))('files of models in %s', (_, open) => {
  const random = createRandom('bytes');
  const large = Uint8Array.from({ length: 3_000_000 }, () => random.int(256));
  // Part of a larger buffer, as files often are.
  const small = large.subarray(1000, 1032);

  test('are found as they were put, to the byte', async () => {
    const files = open();
    for (const bytes of [large, small, new Uint8Array(0)]) {
      const version = `ranker-${bytes.length}`;
      await files.put(version, 'ranker.mmrk', bytes);
      const found = (await open().get(version, 'ranker.mmrk'))!;
      expect(Buffer.from(found).equals(Buffer.from(bytes))).toBe(true);
    }
  });

  test('are undefined where there are none', async () => {
    expect(await open().get('ranker-none', 'ranker.mmrk')).toBeUndefined();
    expect(await open().get('ranker-32', 'report.html')).toBeUndefined();
  });

  test('stay as they are when they are put again', async () => {
    await open().put('ranker-32', 'ranker.mmrk', Uint8Array.of(1));
    expect(await open().get('ranker-32', 'ranker.mmrk')).toHaveLength(32);
  });

  test('may be put by two at once', async () => {
    await Promise.all([open(), open()].map((files) => files.put('ranker-two', 'a', small)));
    expect(await open().get('ranker-two', 'a')).toHaveLength(32);
  });
});

test('folders of one bucket keep their files apart', async () => {
  await s3('models/one').put('v', 'f', Uint8Array.of(1));
  expect(await s3('models/two').get('v', 'f')).toBeUndefined();
  expect(await s3('models').get('one/v', 'f')).toHaveLength(1);
});

test('what another home has put is fetched once, and then at hand without the store', async () => {
  await s3('models/shared').put('v', 'f', Uint8Array.of(7));
  const folder = join(home.path, 'other-home');
  const near = openFolderFiles(folder);
  expect([...(await cachedFiles(s3('models/shared'), near, silentLog).get('v', 'f'))!]).toEqual([
    7,
  ]);
  expect(await readdir(join(folder, 'v'))).toEqual(['f']);
  const away = cachedFiles(s3('models', 'http://127.0.0.1:1'), near, silentLog);
  expect([...(await away.get('v', 'f'))!]).toEqual([7]);
});

test('what is put while the store is away is at hand, and sent once it is back', async () => {
  const folder = join(home.path, 'cut-off');
  const near = openFolderFiles(folder);
  const away = cachedFiles(s3('models/late', 'http://127.0.0.1:1'), near, silentLog);
  await away.put('v', 'f', Uint8Array.of(3));
  expect([...(await away.get('v', 'f'))!]).toEqual([3]);
  await sendUnsent(s3('models/late', 'http://127.0.0.1:1'), near, silentLog);
  expect(await s3('models/late').get('v', 'f')).toBeUndefined();
  await sendUnsent(s3('models/late'), near, silentLog);
  expect([...(await s3('models/late').get('v', 'f'))!]).toEqual([3]);
  expect(await readdir(join(folder, 'v'))).toEqual(['f']);
});

test('a file that is damaged here is fetched again from the store', async () => {
  const near = openFolderFiles(join(home.path, 'damaged'));
  await near.put('v', 'g', Uint8Array.of(9));
  await s3('models/whole').put('v', 'g', Uint8Array.of(7));
  const files = cachedFiles(s3('models/whole'), near, silentLog);
  const isSeven = ([first]: Uint8Array) => first === 7;
  expect([...(await files.get('v', 'g', isSeven))!]).toEqual([7]);
  expect([...(await near.get('v', 'g'))!]).toEqual([7]);
});

test('a store that is away, refuses or has no such bucket is told in a line that names it', async () => {
  await expect(s3('models', 'http://127.0.0.1:1').get('v', 'f')).rejects.toMatchObject({
    code: 'SERVER_DOWN',
    message: expect.stringMatching(
      /^http:\/\/127\.0\.0\.1:1\/models: expected to read v\/f, got "/,
    ) as unknown,
  });
  await expect(s3('none').put('v', 'f', Uint8Array.of(1))).rejects.toMatchObject({
    code: 'SERVER_REFUSED',
    message: expect.stringMatching(
      /\/none: expected to store v\/f, got ".*NoSuchBucket"$/,
    ) as unknown,
  });
  const refusing = createServer((_, response) => response.writeHead(403).end());
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
  const { port } = refusing.address() as AddressInfo;
  try {
    await expect(s3('models', `http://127.0.0.1:${port}`).get('v', 'f')).rejects.toMatchObject({
      code: 'SERVER_REFUSED',
    });
  } finally {
    refusing.closeAllConnections();
    refusing.close();
  }
});
