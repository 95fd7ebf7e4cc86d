/** Finds the id of a listener in what is not made of columns: text, JSON, keys. */
export interface NameFinder {
  readonly listener: string;
  /** Whether a text is the id, or has it in it between characters that no id of ours goes on with. */
  isIn(text: string): boolean;
  /** As `isIn`, of bytes. */
  isInBytes(bytes: Buffer): boolean;
  /** The text with the id replaced. */
  without(text: string): string;
}

/** What ids are made of, mostly; what stands beside an id that is found is something else. */
const goesOn = /[\p{L}\p{N}_-]/u;

/** @param listener - not empty */
export function nameFinder(listener: string): NameFinder {
  const escaped = listener.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
  const pattern = new RegExp(String.raw`(?<!${goesOn.source})${escaped}(?!${goesOn.source})`, 'gu');
  const written = [listener, JSON.stringify(listener).slice(1, -1), encodeURIComponent(listener)];
  const needles = [...new Set(written)].map((text) => Buffer.from(text));
  const isIn = (text: string) => text.search(pattern) !== -1;
  return {
    listener,
    isIn,
    isInBytes: (bytes) =>
      needles.some((needle) => {
        for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at + 1)) {
          // A few bytes more on each side are enough for one character of UTF-8.
          const before = bytes.subarray(Math.max(0, at - 4), at).toString();
          const after = bytes.subarray(at + needle.length, at + needle.length + 4).toString();
          const [last, first] = [[...before].at(-1) ?? '', [...after][0] ?? ''];
          if (!goesOn.test(last) && !goesOn.test(first)) return true;
        }
        return false;
      }),
    without: (text) => text.replaceAll(pattern, '…'),
  };
}

/**
 * JSON without a listener: they leave lists, a field that is their id alone leaves its object, and
 * text in text is treated the same. What is no JSON has the id replaced.
 *
 * @param isName - what is to leave: the id, or what was made for them alone
 */
export function scrubJson(
  text: string,
  finder: NameFinder,
  isName: (text: string) => boolean,
): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return finder.without(text);
  }
  const scrubbed = scrub(value, finder, isName);
  return JSON.stringify(scrubbed === undefined ? null : scrubbed);
}

function scrub(value: unknown, finder: NameFinder, isName: (text: string) => boolean): unknown {
  if (typeof value === 'string') {
    if (isName(value)) return undefined;
    if (!finder.isIn(value)) return value;
    return /^\s*[[{]/.test(value) ? scrubJson(value, finder, isName) : finder.without(value);
  }
  const inner = (one: unknown) => scrub(one, finder, isName);
  if (Array.isArray(value)) return value.map(inner).filter((one) => one !== undefined);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, one]) => [finder.without(key), inner(one)] as const)
      .filter(([, one]) => one !== undefined),
  );
}
