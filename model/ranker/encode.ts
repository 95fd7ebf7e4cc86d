import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Mistake } from '../mistake.ts';
import { shapeOf } from './members.ts';
import { weightShapes } from './network.ts';
import { rankerMetrics, rankerOptions, type Ranker } from './ranker.ts';

/**
 * The file of a ranker, all of it little-endian:
 *
 * | bytes | content |
 * |---|---|
 * | 4 | `MMRK` |
 * | 4 | format version, uint32 |
 * | 4 | length of the header, uint32 |
 * | header | JSON, UTF-8: feature names, options, indicators, trainedOn, metrics |
 * | 4 each | float32: mean, scale, then each of `weightShapes` |
 * | 32 | SHA-256 of everything before it |
 */
const magic = 'MMRK';
const formatVersion = 1;
const prefixBytes = 12;
const checksumBytes = 32;

const header = z.strictObject({
  featureNames: z.array(z.string()).min(1),
  options: rankerOptions,
  /** Features with an indicator of their own, ascending. */
  indicators: z.array(z.int().nonnegative()),
  trainedOn: z.int().nonnegative(),
  metrics: rankerMetrics,
});

/** The same ranker gives the same bytes. */
export function encodeRanker(ranker: Ranker): Uint8Array {
  const { featureNames, options, standardization, trainedOn, metrics, weights } = ranker;
  const { mean, scale, indicators } = standardization;
  const json = JSON.stringify(
    header.parse({ featureNames, options, indicators, trainedOn, metrics }),
  );
  const head = new TextEncoder().encode(json);
  const arrays = [mean, scale, ...weights];
  const numValues = arrays.reduce((sum, values) => sum + values.length, 0);
  const bytes = new Uint8Array(prefixBytes + head.length + 4 * numValues + checksumBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(magic));
  view.setUint32(4, formatVersion, true);
  view.setUint32(8, head.length, true);
  bytes.set(head, prefixBytes);
  let at = prefixBytes + head.length;
  for (const values of arrays) {
    for (const value of values) {
      view.setFloat32(at, value, true);
      at += 4;
    }
  }
  bytes.set(checksum(bytes.subarray(0, at)), at);
  return bytes;
}

/**
 * @param where - named in errors: the file
 * @throws Mistake `ARTIFACT_CORRUPT` for what is not a whole ranker of this format
 */
export function decodeRanker(bytes: Uint8Array, where = 'ranker'): Ranker {
  const corrupt = (expected: string, got: string | number): Mistake =>
    new Mistake('ARTIFACT_CORRUPT', `${where}: expected ${expected}, got ${got}`);
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 4));
  if (start !== magic) throw corrupt(`"${magic}" as its first bytes`, JSON.stringify(start));
  if (bytes.length < prefixBytes + checksumBytes) {
    throw corrupt(`${prefixBytes + checksumBytes} bytes or more`, bytes.length);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(4, true);
  if (version !== formatVersion) throw corrupt(`format version ${formatVersion}`, version);
  const end = bytes.length - checksumBytes;
  const written = hex(bytes.subarray(end));
  const computed = hex(checksum(bytes.subarray(0, end)));
  if (written !== computed) {
    throw corrupt(`content with the checksum ${written}`, `${computed} (cut off or damaged)`);
  }
  const valuesAt = prefixBytes + view.getUint32(8, true);
  const parsed = header.safeParse(parseJson(bytes.subarray(prefixBytes, valuesAt)));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw corrupt(`a header of the format, ${issue.path.join('.')}`, issue.message);
  }
  const { featureNames, options, indicators, trainedOn, metrics } = parsed.data;
  const numFeatures = featureNames.length;
  const shapes = weightShapes(shapeOf(options, numFeatures + indicators.length));
  const lengths = [numFeatures, numFeatures, ...shapes.map(({ rows, columns }) => rows * columns)];
  const numValues = lengths.reduce((sum, length) => sum + length, 0);
  if (end - valuesAt !== 4 * numValues) {
    throw corrupt(`${4 * numValues} bytes of weights`, end - valuesAt);
  }
  let at = valuesAt;
  const [mean, scale, ...weights] = lengths.map((length) =>
    Float32Array.from({ length }, () => {
      at += 4;
      return view.getFloat32(at - 4, true);
    }),
  );
  return {
    featureNames,
    options,
    standardization: { mean: mean!, scale: scale!, indicators },
    weights,
    trainedOn,
    metrics,
  };
}

/** Version of a ranker: `ranker-` and 12 hexadecimal digits of the checksum of its file. */
export function rankerVersion(encoded: Uint8Array): string {
  return `ranker-${hex(encoded.subarray(-checksumBytes)).slice(0, 12)}`;
}

function checksum(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
