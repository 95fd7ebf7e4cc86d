/**
 * A piece of a title: what is sung (`main`), a bracket after it, a tail after " - ". Guests named
 * without a bracket ("Latch feat. Sam Smith") are a bracket too.
 */
export interface Segment {
  readonly text: string;
  readonly kind: 'main' | 'bracket' | 'tail';
}

const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '【': '】' };
const opening = /[([{【]/;
const guests = /(?<!\d)\s(?:(?:feat|ft|featuring)\b[.:]?|w\/|prod\b\.?\s*by\b)\s*(?=\S)/;
/** "Partition Love -Royal Mix-", "Snow ~acoustic ver.~" */
const fenced = /\s([-~〜])([^-~〜\s][^-~〜]*)\1\s*$/;

/**
 * Cuts a folded title into its pieces, in order; together they hold all its letters. A bracket that
 * is not closed ends with the title; one that begins the title is part of `main`.
 */
export function segmentsOf(folded: string): Segment[] {
  const segments: Segment[] = [];
  let rest = folded;
  let outside = '';
  for (let open = rest.search(opening); open >= 0; open = rest.search(opening)) {
    const close = closeOf(rest, open);
    const before = outside + rest.slice(0, open);
    if (before.trim() === '' && segments.length === 0) {
      outside = rest.slice(0, close + 1);
      rest = rest.slice(close + 1);
      continue;
    }
    addOutside(segments, before);
    outside = '';
    segments.push({ text: rest.slice(open + 1, close), kind: 'bracket' });
    rest = rest.slice(close + 1);
  }
  addOutside(segments, outside + rest);
  return segments;
}

/** Index of the bracket that closes the one at `open`, or the length of the text. */
function closeOf(text: string, open: number): number {
  const from = text[open]!;
  const to = closing[from]!;
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === from) depth++;
    else if (text[at] === to && --depth === 0) return at;
  }
  return text.length;
}

function addOutside(segments: Segment[], text: string): void {
  if (text.trim() === '') return;
  const fence = fenced.exec(text);
  const unfenced = fence !== null && fence.index > 0 ? text.slice(0, fence.index) : text;
  const pieces = unfenced.split(/\s-+\s/);
  for (let p = 0; p < pieces.length; p++) {
    const piece = pieces[p]!;
    if (piece.trim() === '') continue;
    addPiece(segments, piece, p > 0 && segments.length > 0 ? 'tail' : 'main');
  }
  if (fence !== null && unfenced !== text) segments.push({ text: fence[2]!, kind: 'bracket' });
}

function addPiece(segments: Segment[], piece: string, kind: 'main' | 'tail'): void {
  const guest = guests.exec(piece);
  const before = guest === null ? piece : piece.slice(0, guest.index);
  if (guest === null || (before.trim() === '' && segments.length === 0)) {
    segments.push({ text: piece, kind });
    return;
  }
  if (before.trim() !== '') segments.push({ text: before, kind });
  segments.push({ text: piece.slice(guest.index), kind: 'bracket' });
}
