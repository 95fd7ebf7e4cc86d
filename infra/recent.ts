interface Entry<Value> {
  readonly value: Value;
  readonly until: number;
}

/** Values at hand: of `size` and more the half unused for longer is dropped; all end at their time. */
export class Recent<Value> {
  readonly #half: number;
  #young = new Map<string, Entry<Value>>();
  #old = new Map<string, Entry<Value>>();

  /** @param size - 1 or more */
  constructor(size: number) {
    this.#half = Math.ceil(size / 2);
  }

  /** @param now - as the clock of `until` has it */
  get(key: string, now: number): Value | undefined {
    let entry = this.#young.get(key);
    if (entry === undefined) {
      entry = this.#old.get(key);
      if (entry !== undefined) this.#put(key, entry);
    }
    return entry !== undefined && now < entry.until ? entry.value : undefined;
  }

  set(key: string, value: Value, until: number): void {
    this.#put(key, { value, until });
  }

  #put(key: string, entry: Entry<Value>): void {
    this.#young.set(key, entry);
    if (this.#young.size < this.#half) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
