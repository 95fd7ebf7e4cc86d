import { createHash } from 'node:crypto';
import type { Stage } from './stage.ts';

/** A table of an input: a view over one or more Parquet files. */
export interface InputTable {
  readonly name: string;
  readonly file: string | readonly string[];
  /** `CREATE TABLE` columns, for a table without files. */
  readonly columns?: Readonly<Record<string, string>>;
}

/** Where a graph begins: data that no stage made (a snapshot of the lake). */
export interface Source {
  readonly fingerprint: string;
  readonly folder: string;
  readonly tables: readonly InputTable[];
}

/** A stage with its options and inputs filled in. */
export interface Step<Options extends object = object> {
  readonly stage: Stage<Options>;
  readonly options: Options;
  /** Name of the input (the schema of its views) -> what it is. */
  readonly inputs: Readonly<Record<string, Step | Source>>;
  /** What the funnel calls it; default the stage's name. Not part of the fingerprint. */
  readonly label?: string;
  /**
   * Steps of which this one may take over what comes to the same, where they are made already; for
   * its sake they are not. They change no byte, and are no part of the fingerprint.
   */
  readonly helpedBy?: readonly Step[];
}

/** A step whose options are parsed and frozen: the only way to make one. */
export function step<Options extends object>(
  stage: Stage<Options>,
  options: unknown,
  inputs: Step['inputs'],
  label?: string,
  helpedBy: readonly Step[] = [],
): Step {
  const parsed = Object.freeze(stage.options.parse(options));
  return {
    stage: stage,
    options: parsed,
    inputs,
    ...(label === undefined ? {} : { label }),
    ...(helpedBy.length === 0 ? {} : { helpedBy }),
  };
}

/** The fingerprint of a step: what it will make is decided by what goes into it. */
export function fingerprintOf(node: Step | Source): string {
  if (!('stage' in node)) return node.fingerprint;
  const inputs = Object.keys(node.inputs)
    .sort()
    .map((name) => [name, fingerprintOf(node.inputs[name]!)]);
  const identity = JSON.stringify([
    node.stage.name,
    node.stage.version,
    sortedKeys(node.options),
    inputs,
  ]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 24);
}

/**
 * How a step is made, whatever it is made of: the stages, their versions and options but for days,
 * and what goes into which. Two steps with one method differ by their data and cut-off only.
 */
export function methodOf(node: Step): string {
  return createHash('sha256')
    .update(JSON.stringify(methodTree(node)))
    .digest('hex')
    .slice(0, 24);
}

function methodTree({ stage, options, inputs }: Step): unknown {
  const made = Object.entries(inputs)
    // What only changes time, and what is there for some cut-offs and not for others, is no method.
    .filter(([name]) => !name.startsWith('spellings-') && name !== 'previous')
    .map(([name, input]) => [name, 'stage' in input ? methodTree(input) : null])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  const settings = JSON.stringify(sortedKeys(options), (_, value: unknown) =>
    typeof value === 'string' && isDay.test(value) ? 'day' : value,
  );
  return [stage.name, stage.version, settings, made];
}

const isDay = /^\d{4}-\d{2}-\d{2}(T|$)/;

function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortedKeys(inner)]),
  );
}
