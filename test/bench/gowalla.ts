import { join } from 'node:path';
import type { Interactions } from '../../model/interactions.ts';
import { readSplit, union } from '../../pipelines/evaluate/split.ts';

export const project = join(import.meta.dirname, '..', '..');

/** The train and valid parts of Gowalla as one matrix, [29,858 x 40,981] of ones. */
export async function readGowalla(): Promise<Interactions> {
  const folder = join(project, '..', 'shared', 'data', 'bench', 'gowalla');
  const part = (name: string) => join(folder, `${name}.txt`);
  const files = { train: part('train'), valid: part('valid'), test: part('test') };
  const { train, valid } = await readSplit(files, 'none');
  return union(train, valid!);
}
