import { S3mini } from 's3mini';
import { Mistake } from '../../model/mistake.ts';
import type { ModelFiles } from '../../pipelines/models.ts';

export interface S3Options {
  /** The bucket by its path, perhaps with a folder in it: `https://s3.example/bucket/folder`. */
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  /** How long a request may take, in milliseconds. Default 30,000. */
  readonly patienceMs?: number;
}

/** Files of models as objects `<folder>/<version>/<name>` of an S3-compatible store. */
export function openS3Files(options: S3Options): ModelFiles {
  const { url, accessKeyId, secretAccessKey, region, patienceMs = 30_000 } = options;
  const { origin, pathname } = new URL(url);
  const [bucket = '', ...folders] = pathname.split('/').filter((part) => part !== '');
  const place = `${origin}/${[bucket, ...folders].join('/')}`;
  const client = new S3mini({
    endpoint: `${origin}/${bucket}`,
    accessKeyId,
    secretAccessKey,
    region,
    requestAbortTimeout: patienceMs,
  });
  const keyOf = (version: string, name: string) => [...folders, version, name].join('/');
  const reaching = async <Result>(what: string, call: () => Promise<Result>): Promise<Result> => {
    try {
      return await call();
    } catch (cause) {
      throw failure(`${place}: ${what}`, cause);
    }
  };
  return {
    place,
    async put(version, name, bytes) {
      const key = keyOf(version, name);
      await reaching(`expected to store ${key}`, async () => {
        if ((await client.objectExists(key)) === true) return;
        await client.putObject(key, Buffer.from(bytes), 'application/octet-stream');
      });
    },
    async get(version, name) {
      const key = keyOf(version, name);
      const found = await reaching(`expected to read ${key}`, () =>
        client.getObjectArrayBuffer(key),
      );
      return found === null ? undefined : new Uint8Array(found);
    },
  };
}

/** Refused where the store answers, down where it does not. */
function failure(what: string, cause: unknown): Mistake {
  const { message, status } = cause as Error & { status?: number };
  return typeof status === 'number'
    ? new Mistake('SERVER_REFUSED', `${what}, got "${message}"`, { cause })
    : new Mistake('SERVER_DOWN', `${what}, got "${message}"`, { cause });
}
