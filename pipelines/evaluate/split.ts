import { open, stat, type FileHandle } from 'node:fs/promises';
import { LightgcnReader, matrixOf, type UserItems } from '../../model/evaluation/lightgcn.ts';
import type { Interactions } from '../../model/interactions.ts';
import { Mistake } from '../../model/mistake.ts';

/** Files of a split, in the format of LightGCN. */
export interface SplitFiles {
  readonly train: string;
  readonly valid?: string;
  readonly test: string;
}

/** A data set in parts, all [numUsers x numItems] with values 1: ids mean the same in each. */
export interface Split {
  readonly train: Interactions;
  readonly valid: Interactions | undefined;
  readonly test: Interactions;
  /** What is odd but no mistake, one line each. */
  readonly remarks: readonly string[];
}

/**
 * Reads a split. The catalogue is that of all its files: items that only the test part has are
 * ranked too, users that only it has are new listeners without a history.
 *
 * @throws Mistake `SOURCE_MISSING`, `SOURCE_INVALID` or `SOURCE_EMPTY`, naming the file
 */
export async function readSplit(files: SplitFiles, signal?: AbortSignal): Promise<Split> {
  const train = await readUserItems(files.train, signal);
  const valid = files.valid === undefined ? undefined : await readUserItems(files.valid, signal);
  const test = await readUserItems(files.test, signal);
  const parts = [train, test, ...(valid === undefined ? [] : [valid])];
  const numUsers = Math.max(...parts.map((part) => part.numUsers));
  const numItems = Math.max(...parts.map((part) => part.numItems));
  const remarks: string[] = [];
  const matrix = (part: UserItems): Interactions => {
    const interactions = matrixOf([part], numUsers, numItems);
    const twice = part.users.length - interactions.indices.length;
    if (twice > 0) remarks.push(`${part.file}: ${twice} pairs come again, each counts once`);
    return interactions;
  };
  const split = {
    train: matrix(train),
    valid: valid === undefined ? undefined : matrix(valid),
    test: matrix(test),
    remarks,
  };
  const known = countShared(split.train, split.test);
  if (known > 0) {
    remarks.push(`${files.test}: ${known} pairs are masked, as ${files.train} has them too`);
  }
  return split;
}

/** Both matrices as one, of values 1. */
export function union(first: Interactions, second: Interactions): Interactions {
  const parts = [first, second].map((part) => ({ ...pairsOf(part), file: '' }));
  return matrixOf(parts, first.numRows, first.numCols);
}

async function readUserItems(path: string, signal?: AbortSignal): Promise<UserItems> {
  const reader = new LightgcnReader(path);
  const file = await openFile(path);
  try {
    for await (const line of file.readLines()) {
      signal?.throwIfAborted();
      reader.line(line);
    }
  } finally {
    await file.close();
  }
  return reader.end();
}

async function openFile(path: string): Promise<FileHandle> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    return undefined;
  });
  if (found?.isFile() === true) return open(path);
  const got = found === undefined ? 'nothing' : 'something else';
  throw new Mistake('SOURCE_MISSING', `${path}: expected a file of users and items, found ${got}`);
}

function pairsOf({ numRows, numCols, indptr, indices }: Interactions) {
  const users = new Int32Array(indices.length);
  for (let row = 0; row < numRows; row++) users.fill(row, indptr[row], indptr[row + 1]);
  return { users, items: indices, numUsers: numRows, numItems: numCols };
}

/** Pairs that both have. */
function countShared(first: Interactions, second: Interactions): number {
  let shared = 0;
  const row = new Int32Array(first.numCols).fill(-1);
  for (let user = 0; user < first.numRows; user++) {
    for (let i = first.indptr[user]!; i < first.indptr[user + 1]!; i++) {
      row[first.indices[i]!] = user;
    }
    for (let i = second.indptr[user]!; i < second.indptr[user + 1]!; i++) {
      if (row[second.indices[i]!] === user) shared++;
    }
  }
  return shared;
}
