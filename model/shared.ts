/** Typed arrays over memory that all threads see. */

/** All that `Int32Array` and its kind have in common here. */
export type TypedArray =
  Float32Array | Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** Over shared memory; the same array where it is already. */
export function shareArray<Kind extends TypedArray>(array: Kind): Kind {
  if (Object.prototype.toString.call(array.buffer) === '[object SharedArrayBuffer]') return array;
  const Constructor = array.constructor as new (buffer: SharedArrayBuffer) => Kind;
  const copy = new Constructor(new SharedArrayBuffer(array.byteLength));
  copy.set(array);
  return copy;
}

/**
 * A plain value with every typed array in it over shared memory, so that sending it to a thread
 * copies none of them. Arrays and plain objects are copied, the rest is taken as it is.
 */
export function shareArrays<Value>(value: Value): Value {
  if (ArrayBuffer.isView(value)) return shareArray(value as unknown as TypedArray) as Value;
  if (Array.isArray(value)) return value.map((inner: unknown) => shareArrays(inner)) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, shareArrays(inner as unknown)]),
  ) as Value;
}

/** One array after the other, as a new one; at least one array. */
export function concatenated<Kind extends TypedArray>(arrays: readonly Kind[]): Kind {
  const Constructor = arrays[0]!.constructor as new (length: number) => Kind;
  const all = new Constructor(arrays.reduce((sum, array) => sum + array.length, 0));
  let from = 0;
  for (const array of arrays) {
    all.set(array, from);
    from += array.length;
  }
  return all;
}
