import { parseHTML } from 'linkedom';

/** What is asked of a document: the types of a browser are not ours. */
export interface MarkupNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly nodeValue: string | null;
  readonly firstChild: MarkupNode | null;
  readonly nextSibling: MarkupNode | null;
  readonly parentNode: MarkupNode | null;
}

export interface MarkupElement extends MarkupNode {
  readonly firstElementChild: MarkupElement | null;
  readonly nextElementSibling: MarkupElement | null;
  readonly parentElement: MarkupElement | null;
  getAttribute(name: string): string | null;
  getAttributeNames(): Iterable<string>;
  setAttribute(name: string, value: string): void;
}

export interface MarkupDocument {
  readonly documentElement: MarkupElement | null;
  readonly body: MarkupElement;
  querySelector(selector: string): MarkupElement | null;
  querySelectorAll(selector: string): Iterable<MarkupElement>;
}

/** Scripts are not run, and nothing is loaded. */
export function parseMarkup(html: string): MarkupDocument {
  return (parseHTML(html) as unknown as { document: MarkupDocument }).document;
}
