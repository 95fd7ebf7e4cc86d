import { open, stat, type FileHandle } from 'node:fs/promises';
import {
  LightgcnReader,
  matrixOf,
  meanRecency,
  recencyOf,
  type UserItems,
} from '../../model/evaluation/lightgcn.ts';
import type { Interactions } from '../../model/interactions.ts';
import { Mistake } from '../../model/mistake.ts';

/** Files of a split, in the format of LightGCN. */
export interface SplitFiles {
  readonly train: string;
  readonly valid?: string;
  readonly test: string;
}

/** What the order of a line says: `time`, the oldest first, or nothing. */
export const lineOrders = ['time', 'none'] as const;
export type LineOrder = (typeof lineOrders)[number];

/** A data set in parts, all [numUsers x numItems]: ids mean the same in each. */
export interface Split {
  /** Values are the recency of each pair, or 1 where the order says nothing; the others' are 1. */
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
export async function readSplit(
  files: SplitFiles,
  order: LineOrder,
  signal?: AbortSignal,
): Promise<Split> {
  const train = await readUserItems(files.train, signal);
  const valid = files.valid === undefined ? undefined : await readUserItems(files.valid, signal);
  const test = await readUserItems(files.test, signal);
  const parts = [train, test, ...(valid === undefined ? [] : [valid])];
  const numUsers = Math.max(...parts.map((part) => part.numUsers));
  const numItems = Math.max(...parts.map((part) => part.numItems));
  const remarks: string[] = [];
  const matrix = (part: UserItems, values?: Float32Array): Interactions => {
    const interactions = matrixOf(part, numUsers, numItems, values);
    const twice = part.users.length - interactions.indices.length;
    if (twice > 0) remarks.push(`${part.file}: ${twice} pairs come again, each counts once`);
    return interactions;
  };
  const split = {
    train: matrix(train, order === 'time' ? recencyOf(train) : undefined),
    valid: valid === undefined ? undefined : matrix(valid),
    test: matrix(test),
    remarks,
  };
  const known = countShared(split.train, split.test);
  if (known > 0) {
    remarks.push(`${files.test}: ${known} pairs are masked, as ${files.train} has them too`);
  }
  if (split.valid !== undefined) {
    const [trained, tested] = [split.train, split.test].map((part) =>
      countShared(split.valid!, part),
    );
    if (trained! > 0) remarks.push(`${files.valid}: ${trained} pairs are in ${files.train} too`);
    if (tested! > 0) {
      remarks.push(
        `${files.test}: ${tested} pairs are in ${files.valid} too; trained on, they are masked`,
      );
    }
  }
  return split;
}

/**
 * Both parts as one. A valid part is drawn from a user's pairs in no order that is known: where
 * training has a recency, what the valid part adds has the mean of a line.
 */
export function union(train: Interactions, valid: Interactions): Interactions {
  const first = pairsOf(train);
  const second = pairsOf(valid);
  const ordered = train.values.some((value) => value !== 1);
  return matrixOf(
    { users: joined(first.users, second.users), items: joined(first.items, second.items) },
    train.numRows,
    train.numCols,
    joined(train.values, ordered ? valid.values.map(() => meanRecency) : valid.values),
  );
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

function pairsOf({ numRows, indptr, indices }: Interactions): Pick<UserItems, 'users' | 'items'> {
  const users = new Int32Array(indices.length);
  for (let row = 0; row < numRows; row++) users.fill(row, indptr[row], indptr[row + 1]);
  return { users, items: indices };
}

function joined<Kind extends Int32Array | Float32Array>(first: Kind, second: Kind): Kind {
  const both = new (first.constructor as new (length: number) => Kind)(
    first.length + second.length,
  );
  both.set(first);
  both.set(second, first.length);
  return both;
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
