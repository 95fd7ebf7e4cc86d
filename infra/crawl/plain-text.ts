import { parseMarkup, type MarkupNode } from './markup.ts';

/** Elements whose content is no text. */
const silent = new Set([
  'SCRIPT',
  'STYLE',
  'NOSCRIPT',
  'TEMPLATE',
  'HEAD',
  'IFRAME',
  'SVG',
  'BUTTON',
]);
/** Elements that do not divide what is before them from what is after. */
const inline = new Set(
  'A ABBR ACRONYM B BDI BDO BIG CITE CODE DATA DEL DFN EM FONT I INS KBD LABEL MARK Q RUBY S SAMP SMALL SPAN STRIKE STRONG SUB SUP TIME TT U VAR WBR'.split(
    ' ',
  ),
);
const elementNode = 1;
const textNode = 3;
/** Nobody writes that; it is to break readers. */
export const deepest = 400;

/** The text of an element, blocks divided by a line each, white space made one; without recursion. */
export function textOf(root: MarkupNode | null): string {
  const parts: string[] = [];
  for (let node: MarkupNode | null = root; node !== null;) {
    const isSilent = node.nodeType === elementNode && silent.has(node.nodeName.toUpperCase());
    if (node.nodeType === textNode) parts.push((node.nodeValue ?? '').replace(/\s+/g, ' '));
    else if (divides(node)) parts.push('\n');
    if (!isSilent && node.firstChild !== null) {
      node = node.firstChild;
      continue;
    }
    while (node !== null && node !== root && node.nextSibling === null) {
      node = node.parentNode;
      if (node !== null && divides(node)) parts.push('\n');
    }
    node = node === null || node === root ? null : node.nextSibling;
  }
  return parts
    .join('')
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n[ \n]*/g, '\n')
    .replace(/(?!\n)[\p{Cc}\u00ad\u200b\ufeff]/gu, '')
    .trim();
}

function divides(node: MarkupNode): boolean {
  return node.nodeType === elementNode && !inline.has(node.nodeName.toUpperCase());
}

/** What feeds put into a title or a body: HTML, or text with entities. Empty text is null. */
export function plainText(html: string | null | undefined): string | null {
  if (html === null || html === undefined) return null;
  const { body } = parseMarkup(`<!doctype html><html><body>${html}</body></html>`);
  const text = textOf(body);
  return text === '' ? null : text;
}

/** As `plainText`, in one line. */
export function plainTitle(html: string | null | undefined): string | null {
  const text = plainText(html)?.replaceAll('\n', ' ') ?? null;
  return text !== null && text.length > 500 ? `${text.slice(0, 499)}…` : text;
}
