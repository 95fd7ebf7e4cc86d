/** Markup that is safe to put into a page: made by `html`, or by a library that escapes. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }

  toString(): string {
    return this.markup;
  }
}

type Part = Html | string | number | undefined | false | readonly Part[];

/** A template whose values are escaped, but for `Html`. Lists are joined; undefined is nothing. */
export function html(texts: TemplateStringsArray, ...values: readonly Part[]): Html {
  return new Html(texts.reduce((page, text, n) => page + markupOf(values[n - 1]) + text));
}

function markupOf(value: Part): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.markup;
  if (Array.isArray(value)) return (value as readonly Part[]).map(markupOf).join('');
  return escape(String(value));
}

/** For text and for attributes in quotes. */
function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
