/** Looks up keys; what is not found is absent. */
export type Lookup<Value> = (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;

/** Round trips under way at a time; what is asked for meanwhile waits for the next. */
const maxUnderWay = 2;

/**
 * The same lookup, with what several callers ask for at about the same time asked for in one round
 * trip: the busier, the more of them. A caller alone waits for nobody. Whoever is in a round trip
 * that fails gets its error.
 *
 * @param maxKeys - in a round trip, but for those of one caller. Default 1,000
 */
export function gather<Value>(lookup: Lookup<Value>, maxKeys = 1000): Lookup<Value> {
  interface Caller {
    readonly keys: readonly string[];
    readonly resolve: (found: ReadonlyMap<string, Value>) => void;
    readonly reject: (error: unknown) => void;
  }
  const waiting: Caller[] = [];
  let underWay = 0;
  let isDue = false;

  function go(): void {
    isDue = false;
    while (underWay < maxUnderWay && waiting.length > 0) {
      const callers: Caller[] = [];
      const keys = new Set<string>();
      do {
        const caller = waiting.shift()!;
        callers.push(caller);
        for (const key of caller.keys) keys.add(key);
      } while (waiting.length > 0 && keys.size + waiting[0]!.keys.length <= maxKeys);
      underWay++;
      lookup([...keys])
        .then(
          (found) => callers.forEach(({ resolve }) => resolve(found)),
          (error: unknown) => callers.forEach(({ reject }) => reject(error)),
        )
        .finally(() => {
          underWay--;
          go();
        });
    }
  }

  return (keys) =>
    new Promise((resolve, reject) => {
      waiting.push({ keys, resolve, reject });
      if (isDue) return;
      isDue = true;
      setImmediate(go);
    });
}
