import { hexOf, toOklch, toRgb } from './colours.ts';
import type { Palette } from './palette.ts';

/** Hues are told apart by these many degrees. */
const binDegrees = 15;
const numBins = 360 / binDegrees;
/** Less is grey to the eye. */
const leastChroma = 0.03;
/** Share of a picture's pixels that must have a colour for it to be called coloured. */
const leastColoured = 0.04;
/** Bins between two colours of a picture. */
const apart = 4;

/**
 * The week's palette with the colours of a picture: its shadows and lights take the picture's
 * foremost hues, the lettering keeps the week's accent. Of several hues the weeks take turns in
 * which of them leads. A picture without colours has the week's own.
 *
 * @param pixels - red, green, blue of a few thousand pixels, 0..255 each
 */
export function paletteOfPicture(pixels: Uint8Array, week: string, ofWeek: Palette): Palette {
  const hues = foremostHues(pixels);
  if (hues.length === 0) return ofWeek;
  const [year, number] = week.split('-W').map(Number) as [number, number];
  const lead = hues[(year * 53 + number) % hues.length]!;
  const second = hues[(year * 53 + number + 1) % hues.length]!;
  return {
    dark: hexOf(toRgb({ l: 0.2, c: 0.06, h: lead })),
    mid: hexOf(toRgb({ l: 0.62, c: 0.15, h: lead })),
    light: hexOf(toRgb({ l: 0.965, c: 0.03, h: second })),
    tones: ofWeek.tones,
  };
}

/**
 * Up to three hues in degrees, the foremost first: each the mean of a peak in the histogram of hues,
 * where a pixel counts by its chroma. None for a picture without colours.
 */
export function foremostHues(pixels: Uint8Array): number[] {
  const weights = new Float64Array(numBins);
  let numColoured = 0;
  for (let p = 0; p + 2 < pixels.length; p += 3) {
    const { c, h } = toOklch([pixels[p]!, pixels[p + 1]!, pixels[p + 2]!]);
    if (c < leastChroma) continue;
    numColoured++;
    weights[Math.floor(h / binDegrees) % numBins]! += c;
  }
  if (numColoured === 0 || numColoured * 3 < leastColoured * pixels.length) return [];
  const near = (bin: number) => weights[(bin + numBins) % numBins]!;
  const smooth = Array.from(weights, (_, bin) => near(bin - 1) + 2 * near(bin) + near(bin + 1));
  const order = smooth.map((_, bin) => bin).sort((a, b) => smooth[b]! - smooth[a]! || a - b);
  const peaks: number[] = [];
  for (const bin of order) {
    const isFar = peaks.every((peak) => {
      const distance = Math.abs(peak - bin);
      return Math.min(distance, numBins - distance) >= apart;
    });
    if (isFar && smooth[bin]! >= smooth[order[0]!]! / 5) peaks.push(bin);
    if (peaks.length === 3) break;
  }
  return peaks.map((bin) => (bin + 0.5) * binDegrees);
}
