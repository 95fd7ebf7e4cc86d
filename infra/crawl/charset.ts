import sniffEncoding from 'html-encoding-sniffer';

/**
 * Bytes as text. What is said counts in this order: a byte order mark, the header, the XML prolog or
 * the page's `meta`, and then UTF-8 for XML and windows-1252 for pages. Against what is said, bytes
 * that are valid UTF-8 beyond ASCII are UTF-8, and bytes that are none are not: no other text looks
 * like it, and many servers say what is not so.
 *
 * @param contentType - the header; empty where there is none
 */
export function decode(bytes: Uint8Array, contentType: string): string {
  const isMarked =
    (bytes[0] === 0xfe && bytes[1] === 0xff) || (bytes[0] === 0xff && bytes[1] === 0xfe);
  if (!isMarked && bytes.some((byte) => byte >= 0x80)) {
    const text = utf8(bytes);
    if (text !== undefined) return text;
  }
  const header = /;\s*charset\s*=\s*["']?([^\s"';]+)/i.exec(contentType)?.[1];
  const opening = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  const prolog = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"']+)["']/i.exec(opening)?.[1];
  const said = sniffEncoding(bytes, {
    transportLayerEncodingLabel:
      isUtf8(header) && !isMarked ? (prolog ?? '') : (header ?? prolog ?? ''),
    defaultEncoding: 'windows-1252',
  });
  // The bytes are ASCII, or no UTF-8.
  const label = isUtf8(said) ? 'windows-1252' : (substitutes[said] ?? said);
  return new TextDecoder(label).decode(bytes);
}

/** For what `TextDecoder` does not take; of ISO-8859-16 most, with the letters of Romanian, is alike. */
const substitutes: Readonly<Record<string, string>> = {
  replacement: 'windows-1252',
  'x-user-defined': 'windows-1252',
  'ISO-8859-16': 'ISO-8859-2',
};

function isUtf8(label: string | undefined): boolean {
  return label !== undefined && /^utf-?8$/i.test(label);
}

/** Undefined where the bytes are no UTF-8. */
function utf8(bytes: Uint8Array): string | undefined {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
