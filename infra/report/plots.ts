import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { html, Html } from './html.ts';

/**
 * Figures as inline SVG, drawn by Observable Plot. They take the colours of the page that they stand
 * in: `currentColor` for ink, `--accent` and `--muted` for the rest.
 */
export const accent = 'var(--accent, #3b6fd4)';
export const muted = 'var(--muted, #8b93a1)';
// Its types are the browser's, which Node does not have.
const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as {
  document: never;
};

/** Of the drawing, in pixels; a page scales it. Narrow, so that a phone can show its letters. */
export const width = 460;

/** What all figures say of themselves to those who do not see them. */
export interface FigureText {
  /** What it shows and what is to be seen in it: the image's name for screen readers. */
  readonly description: string;
  /** Below the figure. */
  readonly caption: string;
}

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** An interval, drawn as a line. */
  readonly low?: number;
  readonly high?: number;
  /** The bar that it is about; the others are muted. Default true. */
  readonly stressed?: boolean;
}

/** Horizontal bars in the order given, each with its value beside it. */
export function bars(
  rows: readonly Bar[],
  { axis, digits = 3, ...text }: FigureText & { readonly axis: string; readonly digits?: number },
): Html {
  const longest = Math.max(...rows.map(({ name }) => name.length), 4);
  const named = rows.map((row) => ({ ...row, label: shownNumber(row.value, digits) }));
  const intervals = named.filter(({ low, high }) => low !== undefined && high !== undefined);
  const most = Math.max(0, ...rows.map(({ value, high }) => Math.max(value, high ?? value)));
  const least = Math.min(0, ...rows.map(({ value, low }) => Math.min(value, low ?? value)));
  const room = (most - least || 1) * 0.22;
  return figure(text, {
    width,
    height: 54 + 26 * rows.length,
    marginLeft: Math.min(212, 16 + 6.7 * longest),
    marginRight: 16,
    marginTop: 8,
    marginBottom: 40,
    x: { label: axis, grid: true, ticks: 4, domain: [least < 0 ? least - room : 0, most + room] },
    y: { label: null, domain: rows.map(({ name }) => name), tickSize: 0, padding: 0.25 },
    marks: [
      Plot.barX(named, {
        x: 'value',
        y: 'name',
        fill: (row: Bar) => (row.stressed === false ? muted : accent),
        title: (row: Bar) => `${row.name}: ${shownNumber(row.value, digits)}`,
      }),
      Plot.ruleY(intervals, { y: 'name', x1: 'low', x2: 'high', strokeWidth: 1.5 }),
      Plot.ruleX([0]),
      Plot.text(named, {
        x: (row: Bar) => (row.value < 0 ? Math.max(0, row.high ?? 0) : (row.high ?? row.value)),
        y: 'name',
        text: 'label',
        textAnchor: 'start',
        dx: 6,
      }),
    ],
  });
}

/** As the figures show it. */
export function shownNumber(value: number, digits: number): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString('en-US', options);
}

export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
  readonly name: string;
}

/**
 * Points with their intervals, a line through them, and where wished the diagonal x = y; then both
 * axes are of square roots, so that what is small is not one blot.
 */
export function spots(
  rows: readonly Spot[],
  {
    xAxis,
    yAxis,
    diagonal = false,
    ...text
  }: FigureText & { readonly xAxis: string; readonly yAxis: string; readonly diagonal?: boolean },
): Html {
  const most = Math.max(1e-9, ...rows.flatMap(({ x, y, high }) => [x, y, high ?? 0])) * 1.06;
  const intervals = rows.filter(({ low, high }) => low !== undefined && high !== undefined);
  return figure(text, {
    width,
    height: 320,
    marginLeft: 56,
    marginBottom: 44,
    marginTop: 24,
    x: {
      label: xAxis,
      grid: true,
      ticks: 6,
      ...(diagonal ? { type: 'sqrt', domain: [0, most] } : {}),
    },
    y: {
      label: yAxis,
      grid: true,
      ticks: 6,
      ...(diagonal ? { type: 'sqrt', domain: [0, most] } : {}),
    },
    marks: [
      diagonal
        ? Plot.line(
            [
              [0, 0],
              [most, most],
            ],
            { stroke: muted, strokeDasharray: '4 4' },
          )
        : null,
      Plot.ruleX(intervals, { x: 'x', y1: 'low', y2: 'high', stroke: accent, strokeOpacity: 0.6 }),
      Plot.line(rows, { x: 'x', y: 'y', stroke: accent }),
      Plot.dot(rows, { x: 'x', y: 'y', r: 4, fill: accent, title: 'name' }),
    ],
  });
}

/** Any plot of Observable Plot, set as the others are. */
export function figure(text: FigureText, options: Plot.PlotOptions): Html {
  const drawn = Plot.plot({
    ...options,
    document,
    ariaLabel: text.description,
    style: { fontSize: '12px', fontFamily: 'inherit', background: 'none', overflow: 'visible' },
  }) as unknown as { outerHTML: string; setAttribute(name: string, value: string): void };
  drawn.setAttribute('role', 'img');
  return html`<figure>
    ${new Html(drawn.outerHTML)}
    <figcaption>${text.caption}</figcaption>
  </figure>`;
}
