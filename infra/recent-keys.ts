/** Empty places are never fewer than half of a table: a search ends soon. */
class Table<Value> {
  readonly #mask: number;
  readonly #low: Uint32Array;
  readonly #high: Uint32Array;
  readonly #until: Float64Array;
  readonly #values: (Value | undefined)[];
  size = 0;

  constructor(maxSize: number) {
    const places = 2 ** Math.ceil(Math.log2(2 * maxSize));
    this.#mask = places - 1;
    this.#low = new Uint32Array(places);
    this.#high = new Uint32Array(places);
    this.#until = new Float64Array(places);
    this.#values = new Array<Value | undefined>(places).fill(undefined);
  }

  /** Where the key is, or the empty place that would be its own. */
  placeOf(low: number, high: number): number {
    let place = low & this.#mask;
    while (
      this.#values[place] !== undefined &&
      (this.#low[place] !== low || this.#high[place] !== high)
    ) {
      place = (place + 1) & this.#mask;
    }
    return place;
  }

  at(place: number): Value | undefined {
    return this.#values[place];
  }

  untilAt(place: number): number {
    return this.#until[place]!;
  }

  put(low: number, high: number, value: Value, until: number): void {
    const place = this.placeOf(low, high);
    if (this.#values[place] === undefined) this.size++;
    this.#low[place] = low;
    this.#high[place] = high;
    this.#until[place] = until;
    this.#values[place] = value;
  }
}

/**
 * What `Recent` is, for the keys of tracks and artists (`model/ids.ts`): by their bits a value is
 * found in a quarter of the time that a map takes by an id just read from a list. The bits are those
 * of a hash, so that they are spread as they are.
 */
export class RecentKeys<Value> {
  readonly #half: number;
  #young: Table<Value>;
  #old: Table<Value>;

  /** @param size - 1 or more */
  constructor(size: number) {
    this.#half = Math.ceil(size / 2);
    this.#young = new Table(this.#half);
    this.#old = new Table(1);
  }

  /** @param now - as the clock of `until` has it */
  get(low: number, high: number, now: number): Value | undefined {
    let table = this.#young;
    let place = table.placeOf(low, high);
    let value = table.at(place);
    if (value === undefined) {
      table = this.#old;
      place = table.placeOf(low, high);
      value = table.at(place);
      if (value === undefined) return undefined;
      this.set(low, high, value, table.untilAt(place));
    }
    return now < table.untilAt(place) ? value : undefined;
  }

  set(low: number, high: number, value: Value, until: number): void {
    this.#young.put(low, high, value, until);
    if (this.#young.size < this.#half) return;
    this.#old = this.#young;
    this.#young = new Table(this.#half);
  }
}
