import { fromTriples, type Interactions } from '../interactions.ts';
import { Mistake } from '../mistake.ts';

/**
 * The file format of LightGCN and of most papers after it: a line is a user and the items that the
 * user has, whole numbers counted from 0, parted by blanks. A user may come without items, or on
 * several lines, of which all items count; a pair that comes twice counts once.
 *
 * The format says nothing of the order of a line. Some data sets have it in the order of time
 * (Gowalla's is): see `recencyOf`.
 */
export interface UserItems {
  /** Name of the file, for messages. */
  readonly file: string;
  /** [numPairs], in the order of the file, pairs that come twice included. */
  readonly users: Int32Array;
  /** [numPairs] */
  readonly items: Int32Array;
  /** The largest user + 1, those without items included. */
  readonly numUsers: number;
  /** The largest item + 1. */
  readonly numItems: number;
}

/** Ids index arrays: one beyond this is a mistake, not a catalogue. */
export const maxId = 99_999_999;

/** Takes a file line by line, then gives its pairs. */
export class LightgcnReader {
  readonly #file: string;
  #lines = 0;
  #users = new Int32Array(1024);
  #items = new Int32Array(1024);
  #numPairs = 0;
  #numUsers = 0;
  #numItems = 0;

  /** @param file - name, for messages */
  constructor(file: string) {
    this.#file = file;
  }

  /**
   * @param text - one line, without its end; a blank one counts nothing
   * @throws Mistake `SOURCE_INVALID` naming file, line, what was expected and what came
   */
  line(text: string): void {
    this.#lines++;
    // A byte order mark is white space to `trim`.
    const trimmed = text.trim();
    if (trimmed === '') return;
    const [first, ...rest] = trimmed.split(/\s+/);
    const user = this.#id(first!, 'user');
    this.#numUsers = Math.max(this.#numUsers, user + 1);
    for (const field of rest) this.#push(user, this.#id(field, 'item'));
  }

  /** @throws Mistake `SOURCE_EMPTY` where no line had an item */
  end(): UserItems {
    if (this.#numPairs === 0) {
      throw new Mistake(
        'SOURCE_EMPTY',
        `${this.#file}: expected lines of a user and items, such as "0 17 4", ` +
          `got ${this.#lines} lines without items`,
      );
    }
    return {
      file: this.#file,
      users: this.#users.slice(0, this.#numPairs),
      items: this.#items.slice(0, this.#numPairs),
      numUsers: this.#numUsers,
      numItems: this.#numItems,
    };
  }

  #push(user: number, item: number): void {
    if (this.#numPairs === this.#users.length) {
      this.#users = doubled(this.#users);
      this.#items = doubled(this.#items);
    }
    this.#users[this.#numPairs] = user;
    this.#items[this.#numPairs] = item;
    this.#numPairs++;
    if (item >= this.#numItems) this.#numItems = item + 1;
  }

  #id(field: string, what: string): number {
    const id = Number(field);
    if (/^\d+$/.test(field) && id <= maxId) return id;
    const shown = field.length > 40 ? `${field.slice(0, 40)}…` : field;
    throw new Mistake(
      'SOURCE_INVALID',
      `${this.#file}, line ${this.#lines}: expected ${what} as a whole number of 0..${maxId}, ` +
        `got "${shown}"`,
    );
  }
}

/**
 * How recent each pair is where lines are in the order of time: e^(x - 1), where x, between 0 and 1,
 * is the share of the user's pairs that come before it (its own counts half). A base of
 * e for one line: a model may raise it to a power (`withRecency`).
 *
 * @returns [numPairs], between 1/e and 1
 */
export function recencyOf({ users, numUsers }: UserItems): Float32Array {
  const totals = new Int32Array(numUsers);
  for (const user of users) totals[user]!++;
  const seen = new Int32Array(numUsers);
  return Float32Array.from(users, (user) => {
    const place = seen[user]!++;
    return Math.exp((place + 0.5) / totals[user]! - 1);
  });
}

/** The recency of a pair whose place is not known: the mean over a line, 1 - 1/e. */
export const meanRecency = Math.fround(1 - Math.exp(-1));

/**
 * The pairs as a matrix [numUsers x numItems].
 *
 * @param values - of each pair, above 0, of a pair that comes twice the greatest; left out, 1
 * @throws RangeError where an id is out of range
 */
export function matrixOf(
  { users, items }: Pick<UserItems, 'users' | 'items'>,
  numUsers: number,
  numItems: number,
  values?: Float32Array,
): Interactions {
  const matrix = fromTriples(users, items, undefined, numUsers, numItems);
  if (values === undefined) return { ...matrix, values: matrix.values.fill(1) };
  matrix.values.fill(0);
  for (let pair = 0; pair < users.length; pair++) {
    const at = positionOf(matrix, users[pair]!, items[pair]!);
    if (values[pair]! > matrix.values[at]!) matrix.values[at] = values[pair]!;
  }
  return matrix;
}

/** Where a stored pair is: its row's columns ascend. */
function positionOf({ indptr, indices }: Interactions, row: number, col: number): number {
  let low = indptr[row]!;
  let high = indptr[row + 1]! - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (indices[middle]! < col) low = middle + 1;
    else high = middle;
  }
  return low;
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}
