import { contrast, rgbOf } from './colours.ts';
import type { Palette } from './palette.ts';

/**
 * Our own letters, as strokes on a grid 4 wide and 6 high: covers must not depend on the fonts of
 * the machine that makes them.
 */
const glyphs: Readonly<Record<string, string>> = {
  A: 'M0 6L2 0L4 6M.7 4H3.3',
  D: 'M0 0V6H1.2A3 3 0 0 0 1.2 0Z',
  I: 'M2 0V6',
  M: 'M0 6V0L2 3.6L4 0V6',
  N: 'M0 6V0L4 6V0',
  O: 'M2 0A2 3 0 0 0 2 6A2 3 0 0 0 2 0Z',
  X: 'M0 0L4 6M4 0L0 6',
  Y: 'M0 0L2 3L4 0M2 3V6',
  0: 'M2 0A2 2 0 0 0 0 2V4A2 2 0 0 0 4 4V2A2 2 0 0 0 2 0Z',
  1: 'M.6 1.4L2.4 0V6',
  2: 'M0 1.8A1.9 1.8 0 0 1 4 1.8C4 3.4 0 4.4 0 6H4',
  3: 'M.2 1A1.9 1.6 0 1 1 2 2.9A1.9 1.6 0 1 1 0 5',
  4: 'M3 6V0L0 4.2H4',
  5: 'M3.7 0H.6L.3 2.8A1.95 1.9 0 1 1 0 5',
  6: 'M3.4 .4C1.4 0 0 2 0 4A2 2 0 1 0 2 2.2C.9 2.2 0 3 0 4',
  7: 'M0 0H4L1.4 6',
  8: 'M2 0A1.6 1.4 0 0 0 2 2.8A1.6 1.4 0 0 0 2 0ZM2 2.8A2 1.6 0 0 0 2 6A2 1.6 0 0 0 2 2.8Z',
  9: 'M.6 5.6C2.6 6 4 4 4 2A2 2 0 1 0 2 3.8C3.1 3.8 4 3 4 2',
};

/** Below these many pixels on a side there is only the week: the name could not be read. */
const leastWithName = 240;

/**
 * The name and the week over a shade at the foot, as SVG to lay over a cover of the size. All
 * letters are at least ten pixels high.
 *
 * @param withShade - default true
 */
export function lettering(week: string, palette: Palette, side: number, withShade = true): string {
  const [year, number] = week.split('-W') as [string, string];
  const margin = side * 0.07;
  const foot = side - margin;
  const accent = accentOf(palette);
  const withName = side >= leastWithName;
  const big = side * (withName ? 0.026 : 0.036);
  const small = side * (withName ? 0.0072 : 0.0125);
  const beside = margin + big * (withName ? 13 : 12.5);
  const [from, to] = withName ? ['.5', '.8'] : ['.38', '.7'];
  const shade =
    `<defs><linearGradient id="shade" x1="0" y1="0" x2="0" y2="1">` +
    `<stop offset="${from}" stop-color="${palette.dark}" stop-opacity="0"/>` +
    `<stop offset="${to}" stop-color="${palette.dark}" stop-opacity=".82"/>` +
    `<stop offset="1" stop-color="${palette.dark}" stop-opacity=".96"/></linearGradient></defs>` +
    `<rect width="${side}" height="${side}" fill="url(#shade)"/>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">` +
    (withShade ? shade : '') +
    written(number, margin, foot - 6 * big, big, palette.light, 0.78) +
    (withName
      ? written('MONDAYMIX', beside, foot - 6 * small * 3.1, small, palette.light, 0.9)
      : '') +
    written(year, beside, foot - 6 * small, small, accent, 0.9) +
    `</svg>`
  );
}

/** The first tone that is legible on the dark of the shade. */
function accentOf({ dark, light, tones }: Palette): string {
  return tones.find((tone) => contrast(rgbOf(tone), rgbOf(dark)) >= 5.5) ?? light;
}

/** @param unit - pixels of a grid unit; a letter is 4 wide, 6 high, and 2 apart from the next */
function written(
  text: string,
  x: number,
  y: number,
  unit: number,
  colour: string,
  stroke: number,
): string {
  const letters = [...text].map(
    (letter, i) => `<path transform="translate(${i * 6} 0)" d="${glyphs[letter] ?? ''}"/>`,
  );
  return (
    `<g transform="translate(${round(x)} ${round(y)}) scale(${round(unit)})" fill="none" ` +
    `stroke="${colour}" stroke-width="${stroke}" stroke-linecap="round" stroke-linejoin="round">` +
    `${letters.join('')}</g>`
  );
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
